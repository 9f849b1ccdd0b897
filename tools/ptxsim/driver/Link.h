// Joining several PTX files into one, as a linker does: what is not visible stays the file's own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace girih::cudasim {

struct LinkInput {
  std::string name, text;
};

/// False with an error "error: NAME:LINE: what" if a file can't be read, or a name is defined twice. A single
/// file stays as it is. What is not defined at all is found when the result is loaded.
bool linkPtx(const std::vector<LinkInput> &inputs, std::string &out, std::string &error);

} // namespace girih::cudasim
