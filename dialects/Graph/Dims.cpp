#include "dialects/Graph/Dims.h"
#include "dialects/Graph/Graph.h"
#include "mlir/IR/AffineExprVisitor.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace girih {

unsigned DimSymbols::add(DimSymbol symbol, std::string key) {
  std::lock_guard<std::mutex> lock(mutex);
  auto [it, inserted] = positions.try_emplace(key, symbols.size());
  if (inserted) symbols.push_back(std::move(symbol));
  return it->second;
}

unsigned DimSymbols::intern(StringRef dimension) {
  return add({DimSymbol::Dimension, dimension.str(), 0, {}}, ("d" + dimension).str());
}

unsigned DimSymbols::intern(StringRef input, int64_t element) {
  return add({DimSymbol::Element, input.str(), element, {}}, ("e" + Twine(element) + " " + input).str());
}

unsigned DimSymbols::intern(DimSymbol::Kind kind, ArrayRef<AffineExpr> operands) {
  // Expressions are unique in their context, so their addresses name them.
  std::string key(1, char(kind));
  for (AffineExpr e : operands) {
    const void *address = e.getAsOpaquePointer();
    key.append(reinterpret_cast<const char *>(&address), sizeof(address));
  }
  return add({kind, "", 0, llvm::to_vector<3>(operands)}, std::move(key));
}

const DimSymbol &DimSymbols::operator[](unsigned position) const {
  std::lock_guard<std::mutex> lock(mutex);
  return symbols[position]; // a deque: references stay valid while others are added
}

unsigned DimSymbols::size() const {
  std::lock_guard<std::mutex> lock(mutex);
  return symbols.size();
}

DimSymbols &getDimSymbols(MLIRContext *ctx) {
  return ctx->getOrLoadDialect<GirihDialect>()->getDimSymbols();
}

DimExpr dimConstant(MLIRContext *ctx, int64_t value) {
  return getAffineConstantExpr(value, ctx);
}

DimExpr dimNamed(MLIRContext *ctx, StringRef name) {
  return getAffineSymbolExpr(getDimSymbols(ctx).intern(name), ctx);
}

std::optional<int64_t> dimValue(DimExpr e) {
  if (auto c = dyn_cast<AffineConstantExpr>(e)) return c.getValue();
  return std::nullopt;
}

DimExpr dimElement(MLIRContext *ctx, StringRef input, int64_t element) {
  return getAffineSymbolExpr(getDimSymbols(ctx).intern(input, element), ctx);
}

const DimSymbol *dimSymbol(DimExpr e) {
  auto symbol = dyn_cast<AffineSymbolExpr>(e);
  return symbol ? &getDimSymbols(e.getContext())[symbol.getPosition()] : nullptr;
}

static DimExpr makeSymbol(DimSymbol::Kind kind, ArrayRef<DimExpr> operands) {
  MLIRContext *ctx = operands.front().getContext();
  return getAffineSymbolExpr(getDimSymbols(ctx).intern(kind, operands), ctx);
}

DimExpr dimMin(DimExpr a, DimExpr b) {
  a = dimSimplify(a), b = dimSimplify(b);
  if (dimNonNegative(b - a)) return a;
  if (dimNonNegative(a - b)) return b;
  return makeSymbol(DimSymbol::Min, {a, b});
}

DimExpr dimMax(DimExpr a, DimExpr b) {
  a = dimSimplify(a), b = dimSimplify(b);
  if (dimNonNegative(a - b)) return a;
  if (dimNonNegative(b - a)) return b;
  return makeSymbol(DimSymbol::Max, {a, b});
}

/// What a size is broadcast from.
static void collectBroadcast(DimExpr e, SmallVectorImpl<DimExpr> &parts) {
  const DimSymbol *symbol = dimSymbol(e);
  if (!symbol || symbol->kind != DimSymbol::Broadcast) return parts.push_back(e);
  for (DimExpr operand : symbol->operands)
    collectBroadcast(operand, parts);
}

/// Whether `a` is the lesser of `b` and a size of at least two (a table that is cut to the length of a
/// sequence): it is 1 only where `b` is, so if they broadcast they are equal.
static bool isLesser(DimExpr a, DimExpr b) {
  const DimSymbol *s = dimSymbol(a);
  if (!s || s->kind != DimSymbol::Min) return false;
  for (int i : {0, 1})
    if (s->operands[i] == b && dimLowerBound(s->operands[1 - i]).value_or(0) >= 2) return true;
  return false;
}

DimExpr dimBroadcast(DimExpr a, DimExpr b) {
  a = dimSimplify(a), b = dimSimplify(b);
  if (a == b || dimValue(b) == 1) return a;
  if (dimValue(a) == 1) return b;
  if (dimValue(a)) return a;
  if (dimValue(b)) return b;
  if (isLesser(a, b)) return b;
  if (isLesser(b, a)) return a;
  SmallVector<DimExpr> parts;
  collectBroadcast(a, parts), collectBroadcast(b, parts);
  // By their text, so that the order in which symbols were made does not matter.
  llvm::sort(parts, [](DimExpr x, DimExpr y) { return dimToString(x) < dimToString(y); });
  parts.erase(llvm::unique(parts), parts.end());
  DimExpr out = parts.front();
  for (DimExpr part : ArrayRef(parts).drop_front())
    out = makeSymbol(DimSymbol::Broadcast, {out, part});
  return out;
}

DimExpr dimSelect(DimExpr condition, DimExpr negative, DimExpr otherwise) {
  condition = dimSimplify(condition), negative = dimSimplify(negative), otherwise = dimSimplify(otherwise);
  if (negative == otherwise || dimUpperBound(condition).value_or(0) < 0) return negative;
  if (dimNonNegative(condition)) return otherwise;
  return makeSymbol(DimSymbol::Select, {condition, negative, otherwise});
}

bool dimHasSymbol(DimExpr e) {
  auto bin = dyn_cast<AffineBinaryOpExpr>(e);
  return bin ? dimHasSymbol(bin.getLHS()) || dimHasSymbol(bin.getRHS()) : isa<AffineSymbolExpr>(e);
}

/// Counts down `room` by the nodes of an expression; stops at zero.
static void countNodes(DimExpr e, const DimSymbols &symbols, int64_t &room) {
  if (--room <= 0) return;
  if (auto bin = dyn_cast<AffineBinaryOpExpr>(e)) {
    countNodes(bin.getLHS(), symbols, room), countNodes(bin.getRHS(), symbols, room);
  } else if (auto s = dyn_cast<AffineSymbolExpr>(e)) {
    for (DimExpr operand : symbols[s.getPosition()].operands)
      countNodes(operand, symbols, room);
  }
}

bool dimIsTooLarge(DimExpr e) {
  if (isa<AffineConstantExpr>(e)) return false;
  int64_t room = 512;
  countNodes(e, getDimSymbols(e.getContext()), room);
  return room <= 0;
}

/// An upper bound of the coefficients that flattening an expression computes with.
static double largestCoefficient(DimExpr e) {
  auto bin = dyn_cast<AffineBinaryOpExpr>(e);
  if (!bin) return isa<AffineConstantExpr>(e) ? std::abs(double(*dimValue(e))) : 1;
  double l = largestCoefficient(bin.getLHS()), r = largestCoefficient(bin.getRHS());
  switch (e.getKind()) {
  case AffineExprKind::Mul:
    return l * r;
  case AffineExprKind::Mod:
  case AffineExprKind::FloorDiv:
  case AffineExprKind::CeilDiv:
    return (l + 1) * (r + 1); // x mod c is x - c * (x floordiv c)
  default:
    return l + r;
  }
}

/// (x floordiv a + c) floordiv b is (x + a * c) floordiv (a * b): what a chain of strides becomes is one
/// division.
static DimExpr mergeFloorDivs(DimExpr e) {
  auto bin = dyn_cast<AffineBinaryOpExpr>(e);
  if (!bin) return e;
  DimExpr lhs = mergeFloorDivs(bin.getLHS()), rhs = mergeFloorDivs(bin.getRHS());
  auto outer = dimValue(rhs);
  if (e.getKind() != AffineExprKind::FloorDiv || !outer || *outer < 1)
    return lhs == bin.getLHS() && rhs == bin.getRHS() ? e : getAffineBinaryOpExpr(e.getKind(), lhs, rhs);
  DimExpr inner = lhs;
  int64_t offset = 0, divisor = 0, shift = 0;
  if (auto sum = dyn_cast<AffineBinaryOpExpr>(lhs); sum && lhs.getKind() == AffineExprKind::Add)
    if (auto c = dimValue(sum.getRHS())) inner = sum.getLHS(), offset = *c;
  auto div = dyn_cast<AffineBinaryOpExpr>(inner);
  auto by = div && inner.getKind() == AffineExprKind::FloorDiv ? dimValue(div.getRHS()) : std::nullopt;
  if (!by || *by < 1 || llvm::MulOverflow(*by, *outer, divisor) || llvm::MulOverflow(*by, offset, shift))
    return lhs.floorDiv(rhs);
  return (div.getLHS() + shift).floorDiv(divisor);
}

static DimExpr simplifyOnce(DimExpr e) {
  // simplifyAffineExpr computes in int64_t without looking.
  if (dimIsTooLarge(e) || largestCoefficient(e) > 0x1p62) return e;
  // It also makes a row of coefficients for every node, so it gets the symbols in use only, in their order.
  MLIRContext *ctx = e.getContext();
  SmallVector<unsigned> used;
  e.walk([&](AffineExpr x) {
    if (auto s = dyn_cast<AffineSymbolExpr>(x)) used.push_back(s.getPosition());
  });
  llvm::sort(used);
  used.erase(llvm::unique(used), used.end());
  DenseMap<AffineExpr, AffineExpr> pack, unpack;
  for (auto [i, s] : llvm::enumerate(used)) {
    pack[getAffineSymbolExpr(s, ctx)] = getAffineSymbolExpr(i, ctx);
    unpack[getAffineSymbolExpr(i, ctx)] = getAffineSymbolExpr(s, ctx);
  }
  return mergeFloorDivs(simplifyAffineExpr(e.replace(pack), 0, used.size()).replace(unpack));
}

DimExpr dimSimplify(DimExpr e) {
  // A few divisions inside each other need more than one round, which text that is read again would get.
  for (int round = 0; round < 4 && !isa<AffineConstantExpr, AffineSymbolExpr>(e); ++round) {
    DimExpr simpler = simplifyOnce(e);
    if (simpler == e) break;
    e = simpler;
  }
  return e;
}

DimExpr dimExactDiv(DimExpr a, DimExpr b) {
  a = dimSimplify(a), b = dimSimplify(b);
  auto va = dimValue(a), vb = dimValue(b);
  if (vb && *vb < 1) return {};
  if (a == b) return dimConstant(a.getContext(), 1);
  if (va && vb) return *va % *vb ? DimExpr() : dimConstant(a.getContext(), *va / *vb);
  if (vb) {
    if (*vb == 1) return a;
    if (a.getLargestKnownDivisor() % *vb != 0) return {};
    return dimSimplify(a.floorDiv(*vb));
  }
  // Cancel a common factor of two products.
  auto factors = [](DimExpr e, SmallVectorImpl<DimExpr> &out, auto &&self) -> void {
    auto bin = dyn_cast<AffineBinaryOpExpr>(e);
    if (!bin || e.getKind() != AffineExprKind::Mul) return (void)out.push_back(e);
    self(bin.getLHS(), out, self), self(bin.getRHS(), out, self);
  };
  SmallVector<DimExpr> fa, fb;
  factors(a, fa, factors), factors(b, fb, factors);
  int64_t ca = 1, cb = 1;
  SmallVector<DimExpr> rest;
  for (DimExpr f : fa) {
    if (auto v = dimValue(f)) {
      if (llvm::MulOverflow(ca, *v, ca)) return {};
    } else if (auto *it = llvm::find(fb, f); it != fb.end()) {
      fb.erase(it);
    } else {
      rest.push_back(f);
    }
  }
  for (DimExpr f : fb) {
    auto v = dimValue(f);
    if (!v) return {};
    if (llvm::MulOverflow(cb, *v, cb)) return {};
  }
  if (cb < 1 || ca % cb != 0) return {};
  DimExpr r = dimConstant(a.getContext(), ca / cb);
  for (DimExpr f : rest)
    r = r * f;
  return dimSimplify(r);
}

DimExpr dimProduct(MLIRContext *ctx, ArrayRef<DimExpr> dims) {
  DimExpr r = dimConstant(ctx, 1);
  for (DimExpr d : dims)
    r = r * d;
  return dimSimplify(r);
}

/// The function of a symbol, of other operands.
static DimExpr rebuild(DimSymbol::Kind kind, ArrayRef<DimExpr> operands) {
  switch (kind) {
  case DimSymbol::Min:
    return dimMin(operands[0], operands[1]);
  case DimSymbol::Max:
    return dimMax(operands[0], operands[1]);
  case DimSymbol::Broadcast:
    return dimBroadcast(operands[0], operands[1]);
  case DimSymbol::Select:
    return dimSelect(operands[0], operands[1], operands[2]);
  default:
    llvm_unreachable("free symbols have no operands");
  }
}

DimExpr dimSubstitute(DimExpr e, const llvm::StringMap<DimExpr> &values) {
  DimSymbols &symbols = getDimSymbols(e.getContext());
  llvm::SetVector<unsigned> used;
  e.walk([&](AffineExpr x) {
    if (auto s = dyn_cast<AffineSymbolExpr>(x)) used.insert(s.getPosition());
  });
  DenseMap<AffineExpr, AffineExpr> map;
  for (unsigned s : used) {
    const DimSymbol &sym = symbols[s];
    AffineExpr from = getAffineSymbolExpr(s, e.getContext()), to = from;
    if (sym.kind == DimSymbol::Dimension) {
      if (auto it = values.find(sym.name); it != values.end()) to = it->second;
    } else if (!sym.isFree()) {
      to = rebuild(sym.kind,
                   llvm::map_to_vector<3>(sym.operands, [&](DimExpr x) { return dimSubstitute(x, values); }));
    }
    if (to != from) map[from] = to;
  }
  return map.empty() ? e : dimSimplify(e.replace(map));
}

void dimCollectSymbols(DimExpr e, llvm::SetVector<unsigned> &out) {
  DimSymbols &symbols = getDimSymbols(e.getContext());
  e.walk([&](AffineExpr x) {
    auto s = dyn_cast<AffineSymbolExpr>(x);
    if (!s) return;
    const DimSymbol &sym = symbols[s.getPosition()];
    if (sym.isFree()) out.insert(s.getPosition());
    for (DimExpr operand : sym.operands)
      dimCollectSymbols(operand, out);
  });
}

bool dimHasData(DimExpr e) {
  llvm::SetVector<unsigned> symbols;
  dimCollectSymbols(e, symbols);
  return llvm::any_of(
      symbols, [&](unsigned s) { return getDimSymbols(e.getContext())[s].kind == DimSymbol::Element; });
}

//===-- Text --------------------------------------------------------------===//

static bool isPlainName(StringRef s) {
  static constexpr StringLiteral reserved[] = {"floordiv", "ceildiv",   "mod",   "min",
                                               "max",      "broadcast", "select"};
  return !s.empty() && !llvm::isDigit(s[0]) && !llvm::is_contained(reserved, s) &&
         llvm::all_of(s, [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

/// The functions of symbols, by their names in text.
static constexpr struct {
  DimSymbol::Kind kind;
  StringLiteral name;
  unsigned operands;
} functions[] = {{DimSymbol::Min, "min", 2},
                 {DimSymbol::Max, "max", 2},
                 {DimSymbol::Broadcast, "broadcast", 2},
                 {DimSymbol::Select, "select", 3}};

static StringRef functionName(DimSymbol::Kind kind) {
  return llvm::find_if(functions, [&](const auto &f) { return f.kind == kind; })->name;
}

static std::string toString(DimExpr e) {
  auto binary = [&](StringRef op, int prec) {
    auto bin = cast<AffineBinaryOpExpr>(e);
    auto side = [&](DimExpr x, bool right) {
      int p = 3;
      if (auto b = dyn_cast<AffineBinaryOpExpr>(x)) p = b.getKind() == AffineExprKind::Add ? 1 : 2;
      std::string s = toString(x);
      return p < prec || (right && p == prec && prec == 2) ? "(" + s + ")" : s;
    };
    return side(bin.getLHS(), false) + (" " + op + " ").str() + side(bin.getRHS(), true);
  };
  switch (e.getKind()) {
  case AffineExprKind::Constant:
    return std::to_string(cast<AffineConstantExpr>(e).getValue());
  case AffineExprKind::SymbolId: {
    const DimSymbol &s = *dimSymbol(e);
    if (!s.isFree())
      return (functionName(s.kind) + "(" + llvm::join(llvm::map_range(s.operands, toString), ", ") + ")")
          .str();
    std::string out = s.name;
    if (!isPlainName(s.name)) {
      out = "\"";
      llvm::raw_string_ostream os(out);
      llvm::printEscapedString(s.name, os);
      out += '"';
    }
    return s.kind == DimSymbol::Element ? out + "[" + std::to_string(s.element) + "]" : out;
  }
  case AffineExprKind::Add:
    return binary("+", 1);
  case AffineExprKind::Mul:
    return binary("*", 2);
  case AffineExprKind::Mod:
    return binary("mod", 2);
  case AffineExprKind::FloorDiv:
    return binary("floordiv", 2);
  case AffineExprKind::CeilDiv:
    return binary("ceildiv", 2);
  case AffineExprKind::DimId:
    break;
  }
  llvm_unreachable("dimension expressions have symbols only");
}

std::string dimToString(DimExpr e) {
  // Only for messages: graph tensors have no such dimensions.
  if (dimIsTooLarge(e)) return "<too large>";
  return toString(e);
}

namespace {
/// sum := product (('+'|'-') product)* ; product := atom (('*'|floordiv|ceildiv|mod) atom)*
struct DimParser {
  MLIRContext *ctx;
  StringRef text;
  std::string &error;
  unsigned depth = 0, nodes = 0;

  DimExpr fail(const Twine &message) {
    if (error.empty()) error = message.str();
    return {};
  }
  bool eat(StringRef token) {
    text = text.ltrim();
    if (!text.starts_with(token)) return false;
    if (llvm::isAlpha(token[0]) && text.size() > token.size() &&
        (llvm::isAlnum(text[token.size()]) || text[token.size()] == '_'))
      return false;
    text = text.drop_front(token.size());
    return true;
  }
  DimExpr atom() {
    text = text.ltrim();
    if (++nodes > 1000) return fail("expression too long");
    if (eat("-")) {
      if (++depth > 100) return fail("expression nested too deeply");
      DimExpr e = atom();
      --depth;
      return e ? -e : e;
    }
    if (eat("(")) {
      if (++depth > 100) return fail("expression nested too deeply");
      DimExpr e = sum();
      if (e && !eat(")")) return fail("expected ')'");
      --depth;
      return e;
    }
    for (const auto &function : functions) {
      if (!eat(function.name)) continue;
      if (++depth > 100) return fail("expression nested too deeply");
      SmallVector<DimExpr, 3> operands;
      for (unsigned i = 0; i < function.operands; ++i) {
        if (!eat(i ? "," : "(")) return fail(i ? "expected ','" : "expected '('");
        operands.push_back(sum());
        if (!operands.back()) return {};
      }
      if (!eat(")")) return fail("expected ')'");
      --depth;
      return rebuild(function.kind, operands);
    }
    if (text.starts_with("\"")) {
      std::string name;
      size_t i = 1;
      for (; i < text.size() && text[i] != '"'; ++i) {
        if (text[i] == '\\' && i + 2 < text.size() && llvm::isHexDigit(text[i + 1]) &&
            llvm::isHexDigit(text[i + 2])) {
          name += char(llvm::hexDigitValue(text[i + 1]) * 16 + llvm::hexDigitValue(text[i + 2]));
          i += 2;
        } else if (text[i] == '\\' && i + 1 < text.size()) {
          name += text[++i];
        } else {
          name += text[i];
        }
      }
      if (i >= text.size()) return fail("unterminated name");
      text = text.drop_front(i + 1);
      return named(name);
    }
    if (!text.empty() && llvm::isDigit(text[0])) {
      StringRef digits = text.take_while(llvm::isDigit);
      text = text.drop_front(digits.size());
      int64_t v;
      if (digits.getAsInteger(10, v)) return fail("integer out of range");
      return dimConstant(ctx, v);
    }
    StringRef name = text.take_while([](char c) { return llvm::isAlnum(c) || c == '_'; });
    if (!isPlainName(name)) return fail("expected a number, a name or '('");
    text = text.drop_front(name.size());
    return named(name);
  }
  /// A dimension, or, with `[i]` behind it, an element of an input.
  DimExpr named(StringRef name) {
    if (!eat("[")) return dimNamed(ctx, name);
    text = text.ltrim();
    int64_t element;
    if (text.consumeInteger(10, element) || element < 0 || !eat("]"))
      return fail("expected the position of an element and ']'");
    return dimElement(ctx, name, element);
  }
  DimExpr product() {
    DimExpr e = atom();
    while (e) {
      int op = eat("*") ? 1 : eat("floordiv") ? 2 : eat("ceildiv") ? 3 : eat("mod") ? 4 : 0;
      if (!op) break;
      DimExpr r = atom();
      if (!r) return r;
      auto v = dimValue(r);
      if (op > 1 && v && *v < 1) return fail("division needs a positive divisor");
      e = op == 1 ? e * r : op == 2 ? e.floorDiv(r) : op == 3 ? e.ceilDiv(r) : e % r;
    }
    return e;
  }
  DimExpr sum() {
    DimExpr e = product();
    while (e) {
      bool plus = eat("+");
      if (!plus && !eat("-")) break;
      DimExpr r = product();
      if (!r) return r;
      e = plus ? e + r : e - r;
    }
    return e;
  }
};
} // namespace

DimExpr dimParse(MLIRContext *ctx, StringRef text, std::string &error) {
  error.clear();
  DimParser p{ctx, text, error};
  DimExpr e = p.sum();
  if (e && !p.text.ltrim().empty()) return p.fail("unexpected '" + p.text.ltrim().take_front(8) + "'");
  return e ? dimSimplify(e) : e;
}

//===-- Types -------------------------------------------------------------===//

SmallVector<DimExpr> getDims(RankedTensorType type) {
  if (auto dims = dyn_cast_or_null<DimsAttr>(type.getEncoding())) return llvm::to_vector(dims.getDims());
  SmallVector<DimExpr> out;
  for (int64_t d : type.getShape()) {
    assert(!ShapedType::isDynamic(d) && "dynamic tensor types of the graph carry #girih.dims");
    out.push_back(dimConstant(type.getContext(), d));
  }
  return out;
}

RankedTensorType getTensorType(ArrayRef<DimExpr> dims, Type elementType) {
  SmallVector<int64_t> shape;
  SmallVector<DimExpr> simple;
  for (DimExpr d : dims) {
    simple.push_back(dimSimplify(d));
    shape.push_back(dimValue(simple.back()).value_or(ShapedType::kDynamic));
  }
  Attribute encoding;
  if (llvm::is_contained(shape, ShapedType::kDynamic))
    encoding = DimsAttr::get(elementType.getContext(), simple);
  return RankedTensorType::get(shape, elementType, encoding);
}

RankedTensorType getTensorType(ArrayRef<int64_t> dims, Type elementType) {
  return RankedTensorType::get(dims, elementType);
}

bool isGraphElementType(Type type) {
  if (auto i = dyn_cast<IntegerType>(type)) {
    unsigned w = i.getWidth();
    return w == 1 ? i.isSignless() : !i.isSigned() && (w == 8 || w == 16 || w == 32 || w == 64);
  }
  return isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(type);
}

bool isGraphTensor(RankedTensorType type) {
  auto encoding = dyn_cast_or_null<DimsAttr>(type.getEncoding());
  if (!isGraphElementType(type.getElementType()) || bool(encoding) == type.hasStaticShape() ||
      (!encoding && type.getEncoding()))
    return false;
  int64_t elements = 1;
  for (DimExpr d : getDims(type)) {
    auto v = dimValue(d);
    if (v ? *v < 0 || llvm::MulOverflow(elements, std::max<int64_t>(*v, 1), elements) : dimIsTooLarge(d))
      return false;
    if (!v && !dimHasSymbol(d)) return false; // overflowed
  }
  return true;
}

Type getStorageType(Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer) return type;
  return IntegerType::get(type.getContext(), std::max(8u, integer.getWidth()));
}

int64_t getStorageBytes(Type type) {
  return getStorageType(type).getIntOrFloatBitWidth() / 8;
}

} // namespace girih
