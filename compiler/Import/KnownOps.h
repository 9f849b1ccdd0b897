// What the operators of shape arithmetic share: shapes of small known tensors.
#pragma once

#include "compiler/Import/Handlers.h"

namespace girih {

using KnownResults = llvm::SmallVectorImpl<Known>;

/// Elements of a known tensor's shape.
int64_t countElements(llvm::ArrayRef<int64_t> shape);
/// Broadcasts shapes of known tensors; nothing if they do not fit or the result is too large to follow.
std::optional<llvm::SmallVector<int64_t>> broadcastShapes(llvm::ArrayRef<int64_t> a,
                                                          llvm::ArrayRef<int64_t> b);
/// Index into `from` of element `flat` of the broadcast shape `to`.
int64_t broadcastIndex(int64_t flat, llvm::ArrayRef<int64_t> to, llvm::ArrayRef<int64_t> from);
/// The sum (or with sign -1 the difference) of two fractions; nothing where it cannot be followed.
std::optional<Num> addKnown(Num a, Num b, int sign);
/// Integers that fit where shapes are counted; arithmetic beyond is left to the ops themselves.
bool isSmall(const Num &x);

} // namespace girih
