#include "passes/Graph/LayoutForms.h"

using namespace mlir;

namespace girih {

Permutation identityPermutation(int64_t rank) {
  return llvm::to_vector(llvm::seq<int64_t>(0, rank));
}

Permutation inversePermutation(ArrayRef<int64_t> p) {
  Permutation inverse(p.size());
  for (auto [i, v] : llvm::enumerate(p))
    inverse[v] = i;
  return inverse;
}

Permutation composePermutations(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  return llvm::map_to_vector(b, [&](int64_t i) { return a[i]; });
}

bool isIdentityPermutation(ArrayRef<int64_t> p) {
  return llvm::all_of(llvm::enumerate(p),
                      [](auto e) { return static_cast<int64_t>(e.index()) == e.value(); });
}

Permutation channelsLastPermutation(int64_t rank) {
  Permutation p{0, rank - 1};
  for (int64_t i = 1; i < rank - 1; ++i)
    p.push_back(i);
  return p;
}

bool keepsOrder(ArrayRef<DimExpr> dims, ArrayRef<int64_t> p) {
  int64_t last = -1;
  for (int64_t i : p) {
    if (dimValue(dims[i]) == 1) continue;
    if (i < last) return false;
    last = i;
  }
  return true;
}

RankedTensorType sourceType(RankedTensorType type, ArrayRef<int64_t> p) {
  SmallVector<DimExpr> dims = getDims(type), source(dims.size());
  for (auto [i, v] : llvm::enumerate(p))
    source[v] = dims[i];
  return getTensorType(source, type.getElementType());
}

Form LayoutForms::get(Value v) const {
  auto it = forms.find(v);
  if (it != forms.end()) return it->second;
  return {v, identityPermutation(cast<RankedTensorType>(v.getType()).getRank())};
}

Value LayoutForms::plain(Value v, Location loc) {
  Form form = get(v);
  return transposed(form.source, form.permutation, loc);
}

Value LayoutForms::inForm(Value v, ArrayRef<int64_t> p, Location loc) {
  Form form = get(v);
  return transposed(form.source, composePermutations(form.permutation, inversePermutation(p)), loc);
}

Value LayoutForms::transposed(Value source, ArrayRef<int64_t> p, Location loc) {
  if (isIdentityPermutation(p)) return source;
  auto &known = written[source];
  for (auto &[permutation, value] : known)
    if (ArrayRef<int64_t>(permutation) == p) return value;
  Value result;
  if (keepsOrder(getDims(source), p)) {
    auto type = cast<RankedTensorType>(source.getType());
    result = ReshapeOp::create(b, loc, sourceType(type, inversePermutation(p)), source);
  } else {
    result = TransposeOp::create(b, loc, source, b.getDenseI64ArrayAttr(p));
    ++numTransposes;
  }
  known.emplace_back(Permutation(p), result);
  return result;
}

} // namespace girih
