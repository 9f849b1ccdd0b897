// The table's selectors for one instruction set.
#include "tools/ptxsim/exec/Selectors.h"
#include "tools/ptxsim/exec/vector/Lanes.h"

namespace girih::ptx::GIRIH_PTX_ISA {

extern const Selector selectors[];
const Selector selectors[] = {
#define PTX(FORM, OPERANDS, CLASS, SELECTOR, FLAGS) select##SELECTOR,
#include "tools/ptxsim/isa/Instructions.def"
};

} // namespace girih::ptx::GIRIH_PTX_ISA
