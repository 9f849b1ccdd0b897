#include "compiler/Link.h"
#include "backends/Host/CpuTarget.h"
#include "compiler/Embedded.h"
#include "compiler/Support/OutputFile.h"
#include "lld/Common/Driver.h"
#include "runtime/abi.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Object/Archive.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include <dlfcn.h>

LLD_HAS_DRIVER(elf)

using namespace llvm;

namespace girih {

static Error runLinker(ArrayRef<std::string> arguments) {
  SmallVector<const char *> argv = {"ld.lld"};
  for (const std::string &a : arguments)
    argv.push_back(a.c_str());
  std::string output;
  raw_string_ostream os(output);
  lld::Result result = lld::lldMain(argv, os, os, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode == 0) return Error::success();
  StringRef first = StringRef(output).trim().split('\n').first;
  first.consume_front("ld.lld: error: ");
  return createStringError("linking failed: " + (first.empty() ? "no message" : first));
}

/// The system's libraries. On this machine they are the files from which this process has them: linking
/// against those needs no development packages. Those of another one are where Debian's cross packages put
/// them.
static SmallVector<std::string> systemLibraries(const Triple &triple) {
  SmallVector<std::string> paths;
  if (!isOfThisMachine(triple)) {
    for (const char *name : {"libc.so.6", "libm.so.6", "libpthread.so.0"}) {
      std::string path = "/usr/" + shortName(triple) + "/lib/" + name;
      if (sys::fs::exists(path)) paths.push_back(path);
    }
    return paths;
  }
  // One function of each library; newer C libraries hold all of them.
  for (const char *function : {"gnu_get_libc_version", "fmod", "pthread_create", "__tls_get_addr"}) {
    Dl_info info;
    void *address = dlsym(RTLD_DEFAULT, function);
    if (address && dladdr(address, &info) && !is_contained(paths, info.dli_fname))
      paths.push_back(info.dli_fname);
  }
  return paths;
}

static NewArchiveMember member(const LinkObject &object) {
  NewArchiveMember result(MemoryBufferRef(StringRef(object.bytes.data(), object.bytes.size()), object.name));
  result.Buf =
      MemoryBuffer::getMemBuffer(StringRef(object.bytes.data(), object.bytes.size()), object.name, false);
  result.MemberName = object.name;
  return result;
}

Error checkLinkable(ArtifactKind kind, const Triple &triple) {
  std::string name = shortName(triple), folder = "/usr/" + name,
              package =
                  std::string("Debian: libc6-dev-") + (triple.isAArch64() ? "arm64" : "amd64") + "-cross";
  if (embeddedRuntime(triple).empty())
    return createStringError("this girih was built without the runtime for " + name + ": build it where " +
                             folder + "/include is (" + package +
                             "), or take the kernels alone, by --emit=obj");
  if (kind == ArtifactKind::SharedLibrary && systemLibraries(triple).empty())
    return createStringError(
        "a shared library for " + name + " is linked to its C library, and there is no " + folder +
        "/lib/libc.so.6: install it (" + package + "), or compile to .a or .o and link that where it is");
  return Error::success();
}

static Error addRuntime(const LinkInputs &inputs, std::vector<NewArchiveMember> &members,
                        std::unique_ptr<object::Archive> &runtime) {
  Expected<std::unique_ptr<object::Archive>> archive =
      object::Archive::create(MemoryBufferRef(embeddedRuntime(inputs.triple), "libgirih-runtime.a"));
  if (!archive) return archive.takeError();
  runtime = std::move(*archive);
  Error error = Error::success();
  for (const object::Archive::Child &child : runtime->children(error)) {
    Expected<NewArchiveMember> m = NewArchiveMember::getOldMember(child, true);
    if (!m) return joinErrors(std::move(error), m.takeError());
    // runtime/cuda*.c, which nothing else there needs.
    if (inputs.usesCuda || !m->MemberName.starts_with("cuda")) members.push_back(std::move(*m));
  }
  return error;
}

/// Makes every global definition in an object weak, so that several objects that carry the runtime can meet
/// in one program.
static Error weaken(NewArchiveMember &member) {
  std::unique_ptr<WritableMemoryBuffer> copy =
      WritableMemoryBuffer::getNewMemBuffer(member.Buf->getBufferSize(), member.Buf->getBufferIdentifier());
  memcpy(copy->getBufferStart(), member.Buf->getBufferStart(), member.Buf->getBufferSize());
  Expected<object::ELF64LEFile> file = object::ELF64LEFile::create(toStringRef(copy->getBuffer()));
  if (!file) return file.takeError();
  auto sections = file->sections();
  if (!sections) return sections.takeError();
  for (const auto &section : *sections) {
    if (section.sh_type != ELF::SHT_SYMTAB) continue;
    auto symbols = file->symbols(&section);
    if (!symbols) return symbols.takeError();
    for (const auto &symbol : *symbols)
      if (symbol.getBinding() == ELF::STB_GLOBAL && symbol.isDefined())
        const_cast<object::ELF64LE::Sym &>(symbol).setBinding(ELF::STB_WEAK);
  }
  member.Buf = std::move(copy);
  return Error::success();
}

static Error writeMembers(StringRef path, ArrayRef<NewArchiveMember> members) {
  return writeArchive(path, members, SymtabWritingMode::NormalSymtab, object::Archive::K_GNU,
                      /*Deterministic=*/true,
                      /*Thin=*/false);
}

static constexpr StringRef weightsSection = ".girih.weights";

/// Has the linker leave room for the weights, at their symbol, which it neither reads nor copies: in a file
/// of twice the size, mapped twice, a large model would not link on a small machine. Before all sections that
/// code refers to by 32-bit distances, so that these work whatever the size.
static Expected<TemporaryFile> writeScript(const LinkWeights &weights, StringRef beside) {
  Expected<TemporaryFile> script = TemporaryFile::create(beside, ".ld");
  if (!script) return script.takeError();
  Error error = script->write([&](raw_ostream &os) {
    os << "SECTIONS { " << weightsSection << " : ALIGN(" << GIRIH_ALIGNMENT << ") { HIDDEN(" << weights.symbol
       << " = .); . += " << weights.bytes << "; } } INSERT BEFORE .rodata;\n";
    return Error::success();
  });
  if (error) return error;
  return script;
}

/// Where in the file of a shared library the room for the weights is.
static Expected<uint64_t> findWeights(StringRef library, uint64_t bytes) {
  auto buffer = MemoryBuffer::getFile(library, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer) return errorCodeToError(buffer.getError());
  auto file = object::ELF64LEFile::create((*buffer)->getBuffer());
  if (!file) return file.takeError();
  auto sections = file->sections();
  if (!sections) return sections.takeError();
  for (const auto &section : *sections) {
    Expected<StringRef> name = file->getSectionName(section);
    if (!name) return name.takeError();
    if (*name == weightsSection && section.sh_size == bytes) return section.sh_offset;
  }
  return createStringError("linking left no room for the weights");
}

/// Copies the weights into their room.
static Error insertWeights(const LinkWeights &weights, StringRef library) {
  Expected<uint64_t> offset = findWeights(library, weights.bytes);
  if (!offset) return offset.takeError();
  auto from = sys::fs::openNativeFileForRead(weights.path);
  if (!from) return from.takeError();
  scope_exit close([&] { sys::fs::closeFile(*from); });
  std::error_code code;
  raw_fd_ostream os(library, code, sys::fs::CD_OpenExisting, sys::fs::FA_Write, sys::fs::OF_None);
  if (code) return errorCodeToError(code);
  os.seek(*offset);
  SmallVector<char, 0> piece(1 << 20);
  for (uint64_t left = weights.bytes; left;) {
    Expected<size_t> size = sys::fs::readNativeFile(*from, piece);
    if (!size) return size.takeError();
    if (!*size) return createStringError("the temporary file of the weights was cut off");
    os.write(piece.data(), std::min<uint64_t>(*size, left));
    left -= std::min<uint64_t>(*size, left);
  }
  os.close();
  code = os.error();
  os.clear_error();
  return code ? createStringError("cannot write the weights: " + code.message()) : Error::success();
}

/// Replaces the mark in all names of an object.
static Error replaceMark(MutableArrayRef<char> object, StringRef digits) {
  auto file = object::ELF64LEFile::create(StringRef(object.data(), object.size()));
  if (!file) return file.takeError();
  auto sections = file->sections();
  if (!sections) return sections.takeError();
  for (const auto &section : *sections) {
    if (section.sh_type != ELF::SHT_STRTAB) continue;
    StringRef names(object.data() + section.sh_offset, section.sh_size);
    for (size_t at = 0; (at = names.find(contentMark, at)) != StringRef::npos; at += digits.size())
      llvm::copy(digits, object.data() + section.sh_offset + at);
  }
  return Error::success();
}

Expected<std::string> nameByContent(LinkInputs &inputs) {
  std::optional<sys::fs::mapped_file_region> weights;
  if (!inputs.weights.path.empty()) {
    auto file =
        sys::fs::openNativeFileForReadWrite(inputs.weights.path, sys::fs::CD_OpenExisting, sys::fs::OF_None);
    if (!file) return file.takeError();
    scope_exit close([&] { sys::fs::closeFile(*file); });
    sys::fs::file_status status;
    std::error_code code = sys::fs::status(*file, status);
    if (!code) weights.emplace(*file, sys::fs::mapped_file_region::readwrite, status.getSize(), 0, code);
    if (code) return errorCodeToError(code);
  }
  SmallVector<MutableArrayRef<char>> objects;
  for (LinkObject &o : inputs.objects)
    objects.push_back(o.bytes);
  if (weights) objects.push_back({weights->data(), weights->size()});
  uint64_t result = 0;
  for (ArrayRef<char> object : objects) {
    girih_hash hash;
    girih_hash_begin(&hash);
    girih_hash_add(&hash, &result, sizeof result);
    girih_hash_add(&hash, object.data(), object.size());
    result = girih_hash_end(&hash);
  }
  std::string digits = utohexstr(result, /*LowerCase=*/true, contentMark.size());
  for (MutableArrayRef<char> object : objects)
    if (Error error = replaceMark(object, digits)) return error;
  return digits;
}

Error linkRelocatable(LinkInputs inputs, StringRef beside, StringRef output) {
  std::vector<NewArchiveMember> members;
  for (const LinkObject &o : inputs.objects)
    members.push_back(member(o));
  Expected<TemporaryFile> archive = TemporaryFile::create(beside, ".a");
  if (!archive) return archive.takeError();
  if (Error error = writeMembers(archive->getPath(), members)) return error;
  return runLinker({"-r", "-o", output.str(), "--whole-archive", archive->getPath().str()});
}

Error linkArtifact(ArtifactKind kind, LinkInputs inputs, StringRef beside, StringRef output,
                   unsigned threads) {
  std::vector<NewArchiveMember> members;
  std::unique_ptr<object::Archive> runtime;
  if (Error error = addRuntime(inputs, members, runtime)) return error;
  if (kind == ArtifactKind::Object)
    for (NewArchiveMember &m : members)
      if (Error error = weaken(m)) return error;
  for (const LinkObject &o : inputs.objects)
    members.push_back(member(o));

  if (kind == ArtifactKind::Archive) {
    if (!inputs.weights.path.empty()) {
      Expected<NewArchiveMember> m = NewArchiveMember::getFile(inputs.weights.path, true);
      if (!m) return m.takeError();
      m->MemberName = "girih_weights.o";
      members.push_back(std::move(*m));
    }
    return writeMembers(output, members);
  }

  // One file instead of hundreds; lld takes all of it.
  Expected<TemporaryFile> archive = TemporaryFile::create(beside, ".a");
  if (!archive) return archive.takeError();
  if (Error error = writeMembers(archive->getPath(), members)) return error;
  SmallVector<std::string> arguments = {"-o",
                                        output.str(),
                                        "--threads=" + std::to_string(std::max(threads, 1u)),
                                        "--whole-archive",
                                        archive->getPath().str(),
                                        "--no-whole-archive"};
  if (kind == ArtifactKind::Object) {
    if (!inputs.weights.path.empty()) arguments.push_back(inputs.weights.path);
    arguments.push_back("-r");
    return runLinker(arguments);
  }
  // Nothing in the file may depend on names, paths or time: two compilations give the same bytes.
  for (const char *a : {"-shared", "--build-id=none", "--hash-style=gnu", "--gc-sections", "-znow", "-zrelro",
                        "-znoexecstack", "--as-needed"})
    arguments.push_back(a);
  if (!inputs.sanitized) arguments.push_back("-zdefs");
  llvm::append_range(arguments, systemLibraries(inputs.triple));
  if (inputs.weights.path.empty()) return runLinker(arguments);
  Expected<TemporaryFile> script = writeScript(inputs.weights, beside);
  if (!script) return script.takeError();
  arguments.push_back("--script=" + script->getPath().str());
  if (Error error = runLinker(arguments)) return error;
  return insertWeights(inputs.weights, output);
}

} // namespace girih
