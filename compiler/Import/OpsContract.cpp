// Matrix products and Einsum.
#include "compiler/Import/Handlers.h"
#include "dialects/Graph/Inference.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace girih {

using Dims = NodeImporter::Dims;
using Ints = NodeImporter::Ints;

static Value matmul(NodeImporter &n, Value a, Value b, Value bias = {}, bool transposeA = false,
                    bool transposeB = false) {
  return n.create<MatMulOp>(a, b, bias, transposeA, transposeB);
}

LogicalResult importMatMul(NodeImporter &n) {
  return n.result(matmul(n, n.operand(0), n.operand(1)));
}

LogicalResult importGemm(NodeImporter &n) {
  for (unsigned i : {0, 1})
    if (n.rank(i) != 2)
      return n.fail("input " + Twine(i) + " must have 2 dimensions, but has " + Twine(n.rank(i)));
  float alpha = n.floatAttr("alpha", 1), beta = n.floatAttr("beta", 1);
  bool transA = n.flagAttr("transA", false), transB = n.flagAttr("transB", false);
  Value bias = beta == 0 ? Value() : n.operand(2);
  Type type = n.element(0);
  if (bias && beta != 1) bias = n.binary(BinaryFn::mul, bias, n.scalar(beta, type));
  if (alpha == 1) return n.result(matmul(n, n.operand(0), n.operand(1), bias, transA, transB));
  Value y = n.binary(BinaryFn::mul, matmul(n, n.operand(0), n.operand(1), {}, transA, transB),
                     n.scalar(alpha, type));
  return n.result(bias ? n.binary(BinaryFn::add, y, bias) : y);
}

//===-- Einsum ------------------------------------------------------------===//

namespace {
/// A tensor and the label of each of its dimensions. Letters are themselves; the dimensions of "..." count
/// down from -1, which is the last of them.
struct Term {
  Value value;
  SmallVector<int> labels;
};

class Einsum {
public:
  Einsum(NodeImporter &n) : n(n) {}

  LogicalResult run() {
    if (failed(parse())) return failure();
    for (Term &t : terms)
      if (failed(takeDiagonals(t))) return failure();
    Term result = terms[0];
    for (size_t i = 1; i < terms.size(); ++i) {
      // A label is summed as soon as neither the output nor a later term has it.
      SmallVector<int> needed(output);
      for (const Term &t : ArrayRef(terms).drop_front(i + 1))
        needed.append(t.labels.begin(), t.labels.end());
      result = contract(result, terms[i], needed);
      if (n.hasFailed()) return failure();
    }
    sumOut(result, output);
    return n.result(arrange(result, output));
  }

private:
  LogicalResult parse() {
    std::string equation;
    for (char c : n.stringAttr("equation", ""))
      if (c != ' ') equation += c;
    if (equation.empty()) return n.fail("attribute 'equation' is missing");
    auto bad = [&](const Twine &why) {
      return n.fail("attribute 'equation' is " + model::quote(equation) + ": " + why);
    };
    StringRef text = equation, left = text, right;
    bool isExplicit = text.contains("->");
    if (isExplicit) std::tie(left, right) = text.split("->");
    SmallVector<StringRef> parts;
    left.split(parts, ',');
    if (parts.size() != n.numInputs())
      return bad("it has " + Twine(parts.size()) + " terms, but there are " + Twine(n.numInputs()) +
                 " inputs");
    int64_t widest = 0;
    SmallVector<int> order; // letters, sorted, for an implicit output
    llvm::SmallDenseMap<int, int> uses;
    for (auto [i, part] : llvm::enumerate(parts)) {
      auto labels = read(part, n.rank(i));
      if (!labels)
        return bad("term " + Twine(i) + " does not fit an input of " + Twine(n.rank(i)) + " dimensions");
      for (int l : *labels) {
        widest = std::max<int64_t>(widest, -l);
        if (l > 0 && uses[l]++ == 0) order.push_back(l);
      }
      terms.push_back({n.operand(i), *labels});
    }
    if (!isExplicit) {
      llvm::sort(order);
      for (int64_t i = widest; i > 0; --i)
        output.push_back(-int(i));
      for (int l : order)
        if (uses[l] == 1) output.push_back(l);
      return success();
    }
    auto labels = read(right, -1, widest);
    if (!labels) return bad("the output has other characters than letters and '...'");
    output = *labels;
    for (auto [i, l] : llvm::enumerate(output)) {
      if (l > 0 && !uses.count(l)) return bad("the output has a letter that no input has");
      if (llvm::is_contained(ArrayRef(output).drop_front(i + 1), l))
        return bad("the output has a letter twice");
    }
    return success();
  }

  /// The labels of a term; `rank` says how many dimensions "..." stands for, or `ellipsis` does.
  static std::optional<SmallVector<int>> read(StringRef part, int64_t rank, int64_t ellipsis = 0) {
    bool hasEllipsis = part.contains("...");
    int64_t letters = llvm::count_if(part, llvm::isAlpha);
    if (letters + (hasEllipsis ? 3 : 0) != int64_t(part.size())) return std::nullopt;
    if (rank >= 0) {
      ellipsis = rank - letters;
      if (ellipsis < 0 || (!hasEllipsis && ellipsis)) return std::nullopt;
    }
    SmallVector<int> out;
    for (size_t i = 0; i < part.size(); ++i) {
      if (part[i] != '.') {
        out.push_back(part[i]);
        continue;
      }
      for (int64_t e = ellipsis; e > 0; --e)
        out.push_back(-int(e));
      i += 2;
    }
    return out;
  }

  /// "ii": the diagonal is every (size + 1)-th element of the two dimensions as one.
  LogicalResult takeDiagonals(Term &t) {
    for (size_t i = 0; i < t.labels.size(); ++i) {
      auto *again = std::find(t.labels.begin() + i + 1, t.labels.end(), t.labels[i]);
      if (again == t.labels.end()) continue;
      size_t j = again - t.labels.begin();
      Dims dims = getDims(t.value);
      auto size = dimValue(dims[i]);
      if (!size || dimValue(dims[j]) != size)
        return n.fail("a repeated letter needs two dimensions of one fixed size");
      Ints permutation;
      for (size_t d = 0; d < dims.size(); ++d)
        if (d != i && d != j) permutation.push_back(d);
      permutation.append({int64_t(i), int64_t(j)});
      Value v = n.transpose(t.value, permutation);
      Dims rest;
      SmallVector<int> labels;
      for (int64_t d : ArrayRef(permutation).drop_back(2))
        rest.push_back(dims[d]), labels.push_back(t.labels[d]);
      labels.push_back(t.labels[i]);
      rest.push_back(n.dim(*size * *size));
      v = n.reshape(v, rest);
      Dims starts(rest.size(), n.dim(0));
      Ints steps(rest.size(), 1);
      rest.back() = n.dim(*size), steps.back() = *size + 1;
      t = {n.slice(v, starts, rest, steps), labels};
      if (n.hasFailed()) return failure();
      --i;
    }
    return success();
  }

  void sumOut(Term &t, ArrayRef<int> needed) {
    Ints axes;
    SmallVector<int> kept;
    for (auto [i, l] : llvm::enumerate(t.labels)) {
      if (llvm::is_contained(needed, l)) {
        kept.push_back(l);
      } else {
        axes.push_back(i);
      }
    }
    if (axes.empty()) return;
    t.value = n.reduce(ReduceFn::sum, t.value, axes, false);
    t.labels = kept;
  }

  /// `t` with its dimensions as `order` says; labels that it has not are of size 1.
  Value arrange(const Term &t, ArrayRef<int> order) {
    if (n.hasFailed()) return {};
    Ints permutation;
    for (int l : order)
      if (const int *it = llvm::find(t.labels, l); it != t.labels.end())
        permutation.push_back(it - t.labels.begin());
    Value v = n.transpose(t.value, permutation);
    if (n.hasFailed()) return {};
    Dims from = getDims(v), dims;
    const DimExpr *next = from.begin();
    for (int l : order)
      dims.push_back(llvm::is_contained(t.labels, l) ? *next++ : n.dim(1));
    return n.reshape(v, dims);
  }

  Term contract(Term a, Term b, ArrayRef<int> needed) {
    auto isNeeded = [&](int l) { return llvm::is_contained(needed, l); };
    // What only one side has and nobody needs is summed first.
    for (auto [t, other] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
      SmallVector<int> keep(needed);
      keep.append(other->labels.begin(), other->labels.end());
      sumOut(*t, keep);
    }
    SmallVector<int> batch, rows, columns, inner;
    for (int l : a.labels) {
      bool inBoth = llvm::is_contained(b.labels, l);
      (!inBoth ? rows : isNeeded(l) ? batch : inner).push_back(l);
    }
    for (int l : b.labels)
      if (!llvm::is_contained(a.labels, l)) columns.push_back(l);
    SmallVector<int> all(batch);
    all.append(rows.begin(), rows.end());
    all.append(columns.begin(), columns.end());
    if (n.hasFailed()) return a;
    if (inner.empty()) return {n.binary(BinaryFn::mul, arrange(a, all), arrange(b, all)), all};
    // One side may have size 1 where the other has not ("..." broadcasts): both are brought to one size
    // first.
    unify(a, b, inner);
    auto matrix = [&](const Term &t, ArrayRef<int> first, ArrayRef<int> second) -> Value {
      SmallVector<int> order(batch);
      order.append(first.begin(), first.end());
      order.append(second.begin(), second.end());
      Value v = arrange(t, order);
      if (n.hasFailed()) return {};
      Dims d = getDims(v), shape(ArrayRef(d).take_front(batch.size()));
      ArrayRef<DimExpr> rest = ArrayRef(d).drop_front(batch.size());
      shape.push_back(dimProduct(n.context(), rest.take_front(first.size())));
      shape.push_back(dimProduct(n.context(), rest.drop_front(first.size())));
      return n.reshape(v, shape);
    };
    Dims sizes;
    for (const auto &[t, group] : {std::pair{&a, &rows}, std::pair{&b, &columns}})
      for (int l : *group)
        sizes.push_back(sizeOf(*t, l));
    Value product = matmul(n, matrix(a, rows, inner), matrix(b, inner, columns));
    if (n.hasFailed()) return a;
    Dims shape(ArrayRef(getDims(product)).take_front(batch.size()));
    shape.append(sizes.begin(), sizes.end());
    return {n.reshape(product, shape), all};
  }

  static DimExpr sizeOf(const Term &t, int label) {
    return getDims(t.value)[llvm::find(t.labels, label) - t.labels.begin()];
  }

  void unify(Term &a, Term &b, ArrayRef<int> labels) {
    for (int l : labels) {
      DimExpr da = sizeOf(a, l), db = sizeOf(b, l);
      if (da == db || n.hasFailed()) continue;
      auto both = broadcastDim(da, db);
      if (failed(both)) {
        n.report("one letter stands for the sizes " + dimToString(da) + " and " + dimToString(db));
        return;
      }
      for (Term *t : {&a, &b}) {
        Dims d = getDims(t->value);
        d[llvm::find(t->labels, l) - t->labels.begin()] = *both;
        t->value = n.expand(t->value, d);
        if (n.hasFailed()) return;
      }
    }
  }

  NodeImporter &n;
  SmallVector<Term> terms;
  SmallVector<int> output;
};
} // namespace

LogicalResult importEinsum(NodeImporter &n) {
  n.operandsFrom(0);
  if (n.hasFailed()) return failure();
  return Einsum(n).run();
}

} // namespace girih
