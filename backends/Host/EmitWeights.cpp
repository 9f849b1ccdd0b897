#include "backends/Host/EmitWeights.h"
#include "dialects/Graph/Attributes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Buffers/Constants.h"
#include "runtime/abi.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llvm::ELF;

namespace girih {

FailureOr<Weights> collectWeights(ModuleOp module, int64_t redZone) {
  Weights result;
  llvm::DenseSet<int64_t> seen;
  auto add = [&](ValueRange operands, ArrayAttr refs) {
    for (auto [operand, attr] : llvm::zip(operands, refs)) {
      auto ref = cast<RefAttr>(attr);
      ConstantOp constant = getConstant(operand);
      if (ref.getBase() != BufferBase::weight || !constant) continue;
      int64_t offset = *dimValue(ref.getOffset().getDims().front()),
              size = getConstantSize(constant.getValue());
      // An empty constant takes no room, so another one may have its offset.
      if (size == 0 || !seen.insert(offset).second) continue;
      result.pieces.push_back({offset, constant.getValue(), constant.getLoc()});
      result.bytes = std::max(result.bytes, offset + size);
    }
  };
  WalkResult walk = module.walk([&](Operation *op) {
    auto launch = dyn_cast<LaunchOp>(op);
    if (!launch && !isa<func::ReturnOp>(op)) return WalkResult::advance();
    ArrayAttr refs = launch ? launch.getRefsAttr() : kRefs.get(op);
    if (refs) return add(op->getOperands(), refs), WalkResult::advance();
    op->emitOpError("has no refs; the buffers stage makes them");
    return WalkResult::interrupt();
  });
  if (walk.wasInterrupted()) return failure();
  llvm::sort(result.pieces, [](const auto &a, const auto &b) { return a.offset < b.offset; });
  if (result.bytes) result.bytes = llvm::alignTo(result.bytes + redZone, GIRIH_ALIGNMENT);
  auto main = module.lookupSymbol<func::FuncOp>("main");
  for (unsigned i = 0, e = main ? main.getNumArguments() : 0; i < e; ++i) {
    auto value = kDefault.getOfArgument(main, i);
    result.defaults.push_back(value ? result.bytes : -1);
    if (!value) continue;
    result.pieces.push_back({result.bytes, value, main.getArgument(i).getLoc()});
    // One without elements has a place of its own, too.
    result.bytes =
        llvm::alignTo(result.bytes + std::max<int64_t>(getConstantSize(value), 1) + redZone, GIRIH_ALIGNMENT);
  }
  return result;
}

LogicalResult writeWeights(const Weights &weights, llvm::raw_ostream &os) {
  int64_t at = 0;
  for (const Weights::Piece &piece : weights.pieces) {
    os.write_zeros(piece.offset - at);
    at = piece.offset;
    std::string reason;
    auto write = [&](ArrayRef<char> bytes) {
      os.write(bytes.data(), bytes.size());
      at += bytes.size();
    };
    if (failed(forEachPiece(piece.value, write, reason)))
      return emitError(piece.loc) << "constant " << piece.value.getType() << ": " << reason;
  }
  os.write_zeros(weights.bytes - at);
  return success();
}

LogicalResult writeWeightsObject(const Weights &weights, StringRef symbol, const llvm::Triple &triple,
                                 llvm::raw_ostream &os) {
  // Layout: header, section headers, symbols, strings, section names, padding, weights.
  enum { NoSection, WeightsSection, SymbolSection, StringSection, NameSection, StackSection, SectionCount };
  // Code reaches 2 GB on x86-64, whose linkers lay large data behind the rest; 4 GB on AArch64.
  bool isX86 = triple.getArch() == llvm::Triple::x86_64;
  StringRef weightsName = isX86 ? ".lrodata.girih" : ".rodata.girih";
  std::string strings = '\0' + symbol.str() + '\0';
  static constexpr char otherNames[] = "\0.symtab\0.strtab\0.shstrtab\0.note.GNU-stack";
  std::string names = '\0' + weightsName.str() + std::string(otherNames, sizeof otherNames);
  auto name = [&](StringRef s) { return Elf64_Word(StringRef(names).find(s)); };
  Elf64_Sym symbols[2] = {};
  symbols[1].st_name = 1;
  symbols[1].setBindingAndType(STB_GLOBAL, STT_OBJECT);
  symbols[1].st_other = STV_HIDDEN;
  symbols[1].st_shndx = WeightsSection;
  symbols[1].st_size = weights.bytes;

  uint64_t at = sizeof(Elf64_Ehdr);
  Elf64_Ehdr header = {};
  memcpy(header.e_ident, ElfMagic, 4);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
  header.e_machine = isX86 ? EM_X86_64 : EM_AARCH64;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = SectionCount;
  header.e_shstrndx = NameSection;
  header.e_shoff = at;
  at += SectionCount * sizeof(Elf64_Shdr);

  Elf64_Shdr sections[SectionCount] = {};
  auto section = [&](int i, StringRef sectionName, Elf64_Word type, uint64_t size, uint64_t align) {
    at = llvm::alignTo(at, align);
    sections[i].sh_name = name(sectionName);
    sections[i].sh_type = type;
    sections[i].sh_offset = at;
    sections[i].sh_size = size;
    sections[i].sh_addralign = align;
    at += size;
  };
  section(SymbolSection, ".symtab", SHT_SYMTAB, sizeof symbols, 8);
  sections[SymbolSection].sh_entsize = sizeof(Elf64_Sym);
  sections[SymbolSection].sh_link = StringSection;
  sections[SymbolSection].sh_info = 1; // the first symbol that is not local
  section(StringSection, ".strtab", SHT_STRTAB, strings.size(), 1);
  section(NameSection, ".shstrtab", SHT_STRTAB, names.size(), 1);
  section(StackSection, ".note.GNU-stack", SHT_PROGBITS, 0, 1); // empty: no executable stack is wanted
  section(WeightsSection, weightsName, SHT_PROGBITS, weights.bytes, GIRIH_ALIGNMENT);
  sections[WeightsSection].sh_flags = SHF_ALLOC | (isX86 ? SHF_X86_64_LARGE : 0);

  auto write = [&](const auto &data) { os.write(reinterpret_cast<const char *>(&data), sizeof data); };
  write(header), write(sections), write(symbols);
  os << strings << names;
  os.write_zeros(sections[WeightsSection].sh_offset - sections[NameSection].sh_offset - names.size());
  return writeWeights(weights, os);
}

} // namespace girih
