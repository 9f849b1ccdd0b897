// Ops that read at indices held in tensors, or make values from indices.
#include "passes/GraphToLinalg/Lowering.h"

using namespace mlir;
using namespace girih;

/// An index of ONNX: negative ones count from the end; what is still outside is clamped.
static Value wrapIndex(Body &b, Value index, Value size) {
  Value i = b.toIndex(index);
  return b.clampIndex(b.select(b.compare(Body::LT, i, b.integer(i, 0)), b.add(i, size), i), size);
}

LogicalResult girih::lower(Lowering &l, GatherOp op) {
  Value data = op.getData(), result = op.getResult();
  SmallVector<DimExpr> from = getDims(data), dims = getDims(result);
  unsigned axis = op.getAxis(), indexRank = cast<RankedTensorType>(op.getIndices().getType()).getRank();
  l.set(result,
        l.parallel(dims, l.getResultElement(result), l.read(op.getIndices(), l.loops(indexRank, axis)),
                   [&](Body &b, ArrayRef<Value> in) {
                     SmallVector<Value> at;
                     for (unsigned i = 0; i < from.size(); ++i) {
                       if (i == axis)
                         at.push_back(wrapIndex(b, in[0], b.size(from[axis])));
                       else
                         at.push_back(b.index(i < axis ? i : i + indexRank - 1));
                     }
                     return l.extract(b, data, at);
                   }));
  return success();
}

LogicalResult girih::lower(Lowering &l, GatherElementsOp op) {
  Value data = op.getData(), result = op.getResult();
  SmallVector<DimExpr> from = getDims(data), dims = getDims(result);
  l.set(result,
        l.parallel(dims, l.getResultElement(result), l.read(op.getIndices(), l.loops(dims.size())),
                   [&](Body &b, ArrayRef<Value> in) {
                     SmallVector<Value> at;
                     for (unsigned i = 0; i < from.size(); ++i)
                       at.push_back(i == op.getAxis() ? wrapIndex(b, in[0], b.size(from[i])) : b.index(i));
                     return l.extract(b, data, at);
                   }));
  return success();
}

LogicalResult girih::lower(Lowering &l, GatherNDOp op) {
  Value data = op.getData(), indices = op.getIndices(), result = op.getResult();
  SmallVector<DimExpr> from = getDims(data), dims = getDims(result);
  unsigned batch = op.getBatchDims(), prefix = getDims(indices).size() - 1;
  auto tuple = dimValue(getDims(indices).back());
  if (!tuple)
    return op.emitOpError("has index tuples of ")
           << dimToString(getDims(indices).back()) << " elements, which must be known";
  // Result: the indices' dimensions but the last, then the data's that the tuples leave.
  SmallVector<Read> reads;
  for (int64_t k = 0; k < *tuple; ++k) {
    Exprs at = l.loops(prefix);
    at.push_back(l.constant(k));
    reads.push_back(l.read(indices, at));
  }
  l.set(result, l.parallel(dims, l.getResultElement(result), reads, [&](Body &b, ArrayRef<Value> in) {
    SmallVector<Value> at;
    for (unsigned i = 0; i < from.size(); ++i) {
      if (i < batch)
        at.push_back(b.index(i));
      else if (i < batch + *tuple)
        at.push_back(wrapIndex(b, in[i - batch], b.size(from[i])));
      else
        at.push_back(b.index(prefix + i - batch - *tuple));
    }
    return l.extract(b, data, at);
  }));
  return success();
}

LogicalResult girih::lower(Lowering &l, OneHotOp op) {
  Value result = op.getResult();
  SmallVector<DimExpr> dims = getDims(result);
  unsigned axis = op.getAxis();
  Exprs at = l.loops(dims.size());
  at.erase(at.begin() + axis);
  bool isUnsigned = isUnsignedElement(op.getIndices());
  l.set(result, l.parallel(dims, l.getResultElement(result),
                           {l.read(op.getIndices(), at), l.read(op.getValues(), {l.constant(0)}),
                            l.read(op.getValues(), {l.constant(1)})},
                           [&](Body &b, ArrayRef<Value> in) {
                             Value i = b.toIndex(in[0], isUnsigned), depth = b.size(dims[axis]);
                             i = b.select(b.compare(Body::LT, i, b.integer(i, 0)), b.add(i, depth), i);
                             return b.select(b.compare(Body::EQ, i, b.index(axis)), in[2], in[1]);
                           }));
  return success();
}

LogicalResult girih::lower(Lowering &l, RangeOp op) {
  Value result = op.getResult();
  l.set(result,
        l.parallel(getDims(result), l.getResultElement(result),
                   {l.read(op.getStart(), {}), l.read(op.getDelta(), {})}, [&](Body &b, ArrayRef<Value> in) {
                     return b.add(in[0], b.mul(b.fromIndex(b.index(0), in[0].getType()), in[1]));
                   }));
  return success();
}

LogicalResult girih::lower(Lowering &l, TriluOp op) {
  Value x = op.getOperand();
  SmallVector<DimExpr> dims = getDims(x);
  unsigned rank = dims.size();
  l.set(op.getResult(), l.parallel(dims, l.getResultElement(op.getResult()), l.read(x, l.loops(rank)),
                                   [&](Body &b, ArrayRef<Value> in) {
                                     Value column = b.index(rank - 1);
                                     Value diagonal = b.add(b.index(rank - 2), b.integer(column, op.getK()));
                                     auto keeps = op.getUpper() ? Body::GE : Body::LE;
                                     return b.select(b.compare(keeps, column, diagonal), in[0],
                                                     b.integer(in[0], 0));
                                   }));
  return success();
}

LogicalResult girih::lower(Lowering &l, ShapeOp op) {
  ArrayRef<DimExpr> values = op.getDims().getDims();
  l.set(op.getResult(),
        l.parallel(getDims(op.getResult()), l.b.getI64Type(), {}, [&](Body &b, ArrayRef<Value>) {
          auto value = [&](size_t k) { return b.fromIndex(b.size(values[k]), b.getI64Type()); };
          if (values.empty()) return b.integer(b.getI64Type(), 0);
          Value out = value(values.size() - 1);
          for (size_t k = values.size() - 1; k-- > 0;) {
            Value i = b.index(0);
            out = b.select(b.compare(Body::EQ, i, b.integer(i, k)), value(k), out);
          }
          return out;
        }));
  return success();
}
