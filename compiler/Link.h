// From objects to an artifact: lld in this process, or an archive.
#pragma once

#include "compiler/Artifact.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include "llvm/TargetParser/Triple.h"

namespace girih {

struct LinkObject {
  std::string name;
  llvm::SmallVector<char, 0> bytes;
};

/// Weights that go inside, in a file: for a shared library the bytes as they are, else an object.
struct LinkWeights {
  std::string path; // empty if there are none
  std::string symbol;
  uint64_t bytes = 0;
};

struct LinkInputs {
  llvm::Triple triple;
  llvm::SmallVector<LinkObject> objects; // kernels and tables
  LinkWeights weights;
  bool sanitized = false; // kernels refer to the AddressSanitizer's runtime, which the process has
  bool usesCuda = false;  // launches need the part of the runtime for it
};

/// Stands in symbols where digits shall tell models apart that have the same names.
inline constexpr llvm::StringLiteral contentMark = "0123456789abcdef";
/// Replaces the mark by the digits of a hash of all inputs, and returns them.
llvm::Expected<std::string> nameByContent(LinkInputs &inputs);

/// Whether such an artifact can be linked here; the error says what is missing.
llvm::Error checkLinkable(ArtifactKind kind, const llvm::Triple &triple);

/// Links the inputs and the runtime into `output` (a temporary name). `beside` is where temporary files may
/// go.
llvm::Error linkArtifact(ArtifactKind kind, LinkInputs inputs, llvm::StringRef beside, llvm::StringRef output,
                         unsigned threads);

/// Joins objects into one, without the runtime.
llvm::Error linkRelocatable(LinkInputs inputs, llvm::StringRef beside, llvm::StringRef output);

} // namespace girih
