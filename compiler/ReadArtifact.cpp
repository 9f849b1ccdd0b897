#include "compiler/ReadArtifact.h"
#include "runtime/abi.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;

namespace girih {

namespace {

/// A library's file, with pointers in it as the addresses that the file gives to what they point to. Nothing
/// in it is trusted.
class LibraryImage {
public:
  /// `file` is changed; it is a private copy.
  static Expected<LibraryImage> create(MutableArrayRef<char> file);
  /// The address of a symbol that the library exports; 0 if it has none.
  Expected<uint64_t> find(StringRef symbol) const;
  /// `count` objects at an address, or a failure if the file does not hold them.
  template <typename T> Expected<ArrayRef<T>> array(const T *address, uint64_t count) const {
    uint64_t at = reinterpret_cast<uint64_t>(address);
    MutableArrayRef<char> bytes = from(at);
    if (count > bytes.size() / sizeof(T) || (count && at % alignof(T))) return damaged();
    return ArrayRef(reinterpret_cast<const T *>(bytes.data()), count);
  }
  Expected<StringRef> text(const char *address) const {
    MutableArrayRef<char> bytes = from(reinterpret_cast<uint64_t>(address));
    StringRef rest(bytes.data(), bytes.size());
    size_t end = rest.find('\0');
    if (end == StringRef::npos) return damaged();
    return rest.take_front(end);
  }

private:
  using File = object::ELF64LEFile;
  LibraryImage(File elf, MutableArrayRef<char> file) : elf(elf), file(file) {}
  static Error damaged() { return createStringError("its tables are damaged"); }
  /// The bytes from an address to the end of its segment.
  MutableArrayRef<char> from(uint64_t address) const;
  Error relocate();

  File elf;
  MutableArrayRef<char> file;
  SmallVector<File::Elf_Phdr, 8> segments;
};

} // namespace

Expected<LibraryImage> LibraryImage::create(MutableArrayRef<char> file) {
  auto elf = File::create(StringRef(file.data(), file.size()));
  if (!elf) return elf.takeError();
  LibraryImage image(*elf, file);
  auto segments = elf->program_headers();
  if (!segments) return segments.takeError();
  for (const auto &segment : *segments) {
    if (segment.p_filesz > file.size() || segment.p_offset > file.size() - segment.p_filesz)
      return createStringError("it is cut off at " + Twine(file.size()) + " bytes; copy or compile it again");
    if (segment.p_type == ELF::PT_LOAD) image.segments.push_back(segment);
  }
  if (Error error = image.relocate()) return error;
  return image;
}

MutableArrayRef<char> LibraryImage::from(uint64_t address) const {
  for (const auto &segment : segments)
    if (address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz) {
      uint64_t skipped = address - segment.p_vaddr;
      return file.slice(segment.p_offset + skipped, segment.p_filesz - skipped);
    }
  return {};
}

/// What the loader would do for a library that lies at address 0.
Error LibraryImage::relocate() {
  auto sections = elf.sections();
  if (!sections) return sections.takeError();
  for (const auto &section : *sections) {
    if (section.sh_type != ELF::SHT_RELA) continue;
    auto relocations = elf.relas(section);
    if (!relocations) return relocations.takeError();
    for (const auto &relocation : *relocations) {
      if (relocation.getType(false) != elf.getRelativeRelocationType()) continue;
      MutableArrayRef<char> at = from(relocation.r_offset);
      if (at.size() < sizeof(uint64_t)) return damaged();
      support::endian::write64le(at.data(), relocation.r_addend);
    }
  }
  return Error::success();
}

Expected<uint64_t> LibraryImage::find(StringRef symbol) const {
  auto sections = elf.sections();
  if (!sections) return sections.takeError();
  for (const auto &section : *sections) {
    if (section.sh_type != ELF::SHT_DYNSYM) continue;
    auto names = elf.getStringTableForSymtab(section);
    if (!names) return names.takeError();
    auto symbols = elf.symbols(&section);
    if (!symbols) return symbols.takeError();
    for (const auto &s : *symbols) {
      auto name = s.getName(*names);
      if (!name) return name.takeError();
      if (*name == symbol && s.isDefined()) return s.st_value;
    }
  }
  return 0;
}

static Error readText(const LibraryImage &image, const char *address, std::string &text) {
  auto read = image.text(address);
  if (!read) return read.takeError();
  text = read->str();
  return Error::success();
}

static Error readTensors(const LibraryImage &image, const girih_abi_tensor *address, uint32_t count,
                         std::vector<ArtifactInfo::Tensor> &tensors) {
  auto table = image.array(address, count);
  if (!table) return table.takeError();
  for (const girih_abi_tensor &t : *table) {
    ArtifactInfo::Tensor &tensor = tensors.emplace_back();
    tensor.dtype = t.dtype;
    tensor.hasDefault = t.default_offset >= 0;
    if (Error error = readText(image, t.name, tensor.name)) return error;
    auto sizes = image.array(t.dims, t.rank);
    if (!sizes) return sizes.takeError();
    auto texts = image.array(t.dim_text, t.rank);
    if (!texts) return texts.takeError();
    for (auto [size, text] : zip(*sizes, *texts)) {
      tensor.dims.push_back({size.slot >= 0 ? -1 : size.constant, ""});
      if (Error error = readText(image, text, tensor.dims.back().text)) return error;
    }
  }
  return Error::success();
}

static Error read(MutableArrayRef<char> file, ArtifactInfo &info) {
  Expected<LibraryImage> image = LibraryImage::create(file);
  if (!image)
    return createStringError("it can't be read as a compiled model: " + toString(image.takeError()) +
                             "; a model file is compiled by `girih compile MODEL -o OUT.so`");
  Expected<uint64_t> address = image->find(GIRIH_TABLE_SYMBOL);
  if (!address) return address.takeError();
  if (!*address) return createStringError("it is a shared library, but not one that girih compiled");
  auto version = image->array(reinterpret_cast<const uint32_t *>(*address), 1);
  if (!version) return version.takeError();
  if (version->front() != GIRIH_ABI_VERSION)
    return createStringError("it was compiled for version " + Twine(version->front()) +
                             " of the runtime's interface, and this is version " + Twine(GIRIH_ABI_VERSION) +
                             ": compile the model again");
  auto artifact = image->array(reinterpret_cast<const girih_artifact *>(*address), 1);
  if (!artifact) return artifact.takeError();
  const girih_artifact &a = artifact->front();
  for (auto [from, to] : {std::pair(a.model_name, &info.name), std::pair(a.producer, &info.producer),
                          std::pair(a.target_cpu, &info.cpu), std::pair(a.required_features, &info.features)})
    if (Error error = readText(*image, from, *to)) return error;
  if (Error error = readTensors(*image, a.inputs, a.input_count, info.inputs)) return error;
  if (Error error = readTensors(*image, a.outputs, a.output_count, info.outputs)) return error;
  auto modules = image->array(a.device_modules, a.device_module_count);
  if (!modules) return modules.takeError();
  for (const girih_abi_device_module &module : *modules)
    info.gpus.push_back("sm_" + std::to_string(module.sm));
  info.precision = a.flags & GIRIH_PRECISION_F16    ? "f16"
                   : a.flags & GIRIH_PRECISION_BF16 ? "bf16"
                   : a.flags & GIRIH_PRECISION_TF32 ? "tf32"
                                                    : "f32";
  info.nodes = a.node_count, info.launches = a.launch_count;
  info.parameters = a.parameters, info.macs = a.macs, info.weightsBytes = a.weights_bytes;
  info.arenaBytes = a.arena_bytes, info.arenaLowerBound = a.arena_lower_bound;
  info.scratchBytes = a.scratch.slot >= 0 ? -1 : a.scratch.constant;
  return Error::success();
}

Expected<ArtifactInfo> readArtifact(StringRef path) {
  auto cannotRead = [&](const Twine &why) { return createStringError("can't read '" + path + "': " + why); };
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(path, status)) return cannotRead(code.message());
  if (!sys::fs::is_regular_file(status)) return cannotRead("not a regular file");
  auto buffer = WritableMemoryBuffer::getFile(path);
  if (!buffer) return cannotRead(buffer.getError().message());
  ArtifactInfo info;
  if (Error error = read((*buffer)->getBuffer(), info))
    return createStringError("'" + path + "': " + toString(std::move(error)));
  return info;
}

} // namespace girih
