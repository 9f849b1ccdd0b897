// Reductions in memory by the asynchronous proxy, one element at a time and atomic for all host threads.
#pragma once

#include "tools/ptxsim/isa/Table.h"

namespace girih::ptx {

/// memory = memory OP value, of elements of the reducer's type.
using Reducer = void (*)(char *memory, const char *value);
/// Null if there is no such operation. `op`: the modifier without its dot. `type`: bf16 and f16 too.
Reducer reducerOf(std::string_view op, Type type);

} // namespace girih::ptx
