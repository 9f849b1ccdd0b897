// One kernel of two.
#pragma once

#include "dialects/Graph/Graph.h"

namespace girih {

/// A kernel in front of `second` that computes what `second` does and, on the way, what it reads of `first`;
/// through a pad, where an assemble is between them. Both stay as they are: who takes the new one replaces
/// `second` and erases what nobody reads. Null where somebody else reads `first`, or `second` in a way in
/// which what is stored cannot be read.
KernelOp joinKernels(KernelOp first, KernelOp second);

} // namespace girih
