// Files that change under the compiler's hands.
#pragma once

namespace girih {

/// From now on, a bus error in a mapped file ends the process with a message: an input that was cut off while
/// it was being read, or an output for which the disk is full (lld writes through a mapping). Temporary files
/// are removed.
void reportBusErrors();

} // namespace girih
