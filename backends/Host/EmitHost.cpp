#include "backends/Host/EmitHost.h"
#include "backends/Host/EmitSlots.h"
#include "dialects/Graph/Attributes.h"
#include "dialects/Graph/TypeText.h"
#include "passes/Buffers/Constants.h"
#include "runtime/abi.h"
#include "llvm/IR/Constants.h"

using namespace mlir;

namespace girih {

std::string weightsSymbol(StringRef prefix) {
  return (prefix + "girih_weights").str();
}

namespace {

/// Builds the constants. A table's LLVM type is a struct of i32, i64 and pointer fields, which has the C
/// struct's layout.
class HostBuilder {
public:
  HostBuilder(ModuleOp source, func::FuncOp main, const DeviceCode &device, llvm::Module &module,
              const HostOptions &options)
      : source(source), main(main), device(device), module(module), context(module.getContext()),
        options(options), slots(main) {}
  LogicalResult build(const Weights &weights, const CpuTarget &target);

private:
  using C = llvm::Constant *;
  C i32(uint64_t v) { return llvm::ConstantInt::get(llvm::Type::getInt32Ty(context), uint32_t(v)); }
  C i64(int64_t v) { return llvm::ConstantInt::getSigned(llvm::Type::getInt64Ty(context), v); }
  C null() { return llvm::ConstantPointerNull::get(llvm::PointerType::get(context, 0)); }
  C record(ArrayRef<C> fields) { return llvm::ConstantStruct::getAnon(context, fields); }
  C text(StringRef s);
  C array(ArrayRef<C> elements, StringRef name);
  C constant(C value, StringRef name);

  C size(DimExpr expr, Location loc);
  C sizes(ArrayRef<DimExpr> exprs, Location loc, StringRef name);
  C ref(RefAttr attr, Location loc);
  C kernel(StringRef name);
  C function(StringRef name, DimsAttr dims, DimsAttr tasks, std::optional<DimsAttr> scratch, Location loc);
  C launch(LaunchOp op);
  C tensor(RankedTensorType type, StringRef name, int64_t defaultOffset, Location loc);
  C tensors(TypeRange types, const Weights *weights);
  C arena();
  C scratch();
  C symbols();
  C copies(uint32_t &count);
  C ranges(const Weights &weights, uint32_t &count);
  C checks(uint32_t &count);
  C indexChecks(uint32_t &count);
  C deviceModules();
  C deviceRuntime();

  ModuleOp source;
  func::FuncOp main;
  const DeviceCode &device;
  llvm::Module &module;
  llvm::LLVMContext &context;
  const HostOptions &options;
  SlotTable slots;
  llvm::StringMap<C> texts;
  bool failedSize = false;
};

} // namespace

llvm::Constant *HostBuilder::constant(C value, StringRef name) {
  auto *global = new llvm::GlobalVariable(module, value->getType(), true, llvm::GlobalValue::PrivateLinkage,
                                          value, name);
  global->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
  return global;
}

llvm::Constant *HostBuilder::text(StringRef s) {
  C &c = texts[s];
  if (!c) c = constant(llvm::ConstantDataArray::getString(context, s), "text");
  return c;
}

llvm::Constant *HostBuilder::array(ArrayRef<C> elements, StringRef name) {
  if (elements.empty()) return null();
  return constant(
      llvm::ConstantArray::get(llvm::ArrayType::get(elements[0]->getType(), elements.size()), elements),
      name);
}

/// girih_abi_size
llvm::Constant *HostBuilder::size(DimExpr expr, Location loc) {
  expr = dimSimplify(expr);
  if (auto value = dimValue(expr)) return record({i64(-1), i64(*value)});
  int64_t slot = slots.getSlot(expr, loc);
  failedSize |= slot < 0;
  return record({i64(slot), i64(0)});
}

llvm::Constant *HostBuilder::sizes(ArrayRef<DimExpr> exprs, Location loc, StringRef name) {
  SmallVector<C> list;
  for (DimExpr e : exprs)
    list.push_back(size(e, loc));
  return array(list, name);
}

/// girih_abi_buffer_ref
llvm::Constant *HostBuilder::ref(RefAttr attr, Location loc) {
  return record(
      {i32(uint64_t(attr.getBase())), i32(attr.getIndex()), size(attr.getOffset().getDims().front(), loc)});
}

/// girih_kernel_fn
llvm::Constant *HostBuilder::kernel(StringRef name) {
  std::string symbol = options.prefix + name.str();
  if (llvm::Function *known = module.getFunction(symbol)) return known;
  llvm::Type *p = llvm::PointerType::get(context, 0), *i = llvm::Type::getInt64Ty(context);
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), {p, p, i, i, p}, false);
  auto *kernel = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, symbol, module);
  kernel->setVisibility(llvm::GlobalValue::HiddenVisibility);
  return kernel;
}

/// girih_abi_function
llvm::Constant *HostBuilder::function(StringRef name, DimsAttr dims, DimsAttr tasks,
                                      std::optional<DimsAttr> scratch, Location loc) {
  bool onDevice = !device.modules.empty();
  DimExpr bytes = onDevice && scratch ? scratch->getDims().front() : dimConstant(source.getContext(), 0);
  DeviceKernel launched = device.kernels.lookup(name);
  C code = onDevice ? record({i32(launched.threads), i32(launched.sharedBytes)}) : kernel(name);
  return record({code, text(name), sizes(dims.getDims(), loc, "dims"), size(tasks.getDims().front(), loc),
                 i32(dims.getDims().size()), size(bytes, loc)});
}

/// girih_abi_launch
llvm::Constant *HostBuilder::launch(LaunchOp op) {
  Location loc = op.getLoc();
  SmallVector<C> buffers, variants;
  for (RefAttr r : op.getRefs()->getAsRange<RefAttr>())
    buffers.push_back(ref(r, loc));
  if (ArrayAttr list = op.getVariantsAttr())
    for (auto variant : list.getAsRange<LaunchVariantAttr>()) {
      ArrayRef<DimExpr> d = variant.getAtMost().getDims();
      variants.push_back(
          record({size(d[0], loc), size(d[1], loc), text(dimToString(d[0]) + " <= " + dimToString(d[1])),
                  function(variant.getKernel().getValue(), variant.getDims(), variant.getTasks(),
                           variant.getScratch(), loc)}));
    }
  auto one = [&](DimsAttr attr) { return size(attr.getDims().front(), loc); };
  return record({function(op.getKernel(), op.getDims(), op.getTasks(), op.getScratch(), loc),
                 text(op.getName().value_or(op.getKernel())), array(buffers, "buffers"),
                 array(variants, "variants"), i32(buffers.size()), i32(variants.size()), one(op.getFlops()),
                 one(op.getBytes()), i64(op.getPredicted().value_or(0))});
}

static uint32_t getDtype(Type type) {
  if (type.isF32()) return GIRIH_F32;
  if (type.isF64()) return GIRIH_F64;
  if (type.isF16()) return GIRIH_F16;
  if (type.isBF16()) return GIRIH_BF16;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer) return 0;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return GIRIH_BOOL;
  case 8:
    return isUnsigned ? GIRIH_U8 : GIRIH_I8;
  case 16:
    return isUnsigned ? GIRIH_U16 : GIRIH_I16;
  case 32:
    return isUnsigned ? GIRIH_U32 : GIRIH_I32;
  case 64:
    return isUnsigned ? GIRIH_U64 : GIRIH_I64;
  default:
    return 0;
  }
}

/// girih_abi_tensor
llvm::Constant *HostBuilder::tensor(RankedTensorType type, StringRef name, int64_t defaultOffset,
                                    Location loc) {
  SmallVector<DimExpr> dims = getDims(type);
  uint32_t dtype = getDtype(type.getElementType());
  if (!dtype || dims.size() > GIRIH_MAX_RANK) {
    emitError(loc)
        << "'" << name << "' is " << typeText(type)
        << ", which compiled models cannot take or give: expected at most " << GIRIH_MAX_RANK
        << " dimensions, floating-point elements of 16 to 64 bits, bools, or integers of 8 to 64 bits";
    failedSize = true;
  }
  SmallVector<C> dimTexts;
  for (DimExpr d : dims)
    dimTexts.push_back(text(dimToString(d)));
  return record({text(name), i32(dtype), i32(dims.size()), sizes(dims, loc, "dims"),
                 array(dimTexts, "dim_text"), i64(defaultOffset)});
}

/// Those of the inputs, with their defaults among `weights`, or of the outputs, without.
llvm::Constant *HostBuilder::tensors(TypeRange types, const Weights *weights) {
  bool isInput = weights;
  SmallVector<C> list;
  for (auto [i, type] : llvm::enumerate(types)) {
    auto name = isInput ? kName.getOfArgument(main, i) : kName.getOfResult(main, i);
    std::string fallback = (isInput ? "input" : "output") + std::to_string(i);
    list.push_back(tensor(cast<RankedTensorType>(type), name ? name.getValue() : StringRef(fallback),
                          isInput ? weights->defaults[i] : -1, main.getLoc()));
  }
  return array(list, isInput ? "inputs" : "outputs");
}

/// girih_abi_arena_buffer
llvm::Constant *HostBuilder::arena() {
  SmallVector<C> list;
  for (DimsAttr attr : kArena.get(source).getAsRange<DimsAttr>()) {
    ArrayRef<DimExpr> d = attr.getDims();
    list.push_back(record(
        {size(d[0], main.getLoc()), i32(*dimValue(d[1])), i32(*dimValue(d[2])), i64(*dimValue(d[3]))}));
  }
  return array(list, "arena_buffers");
}

/// The most that a launch needs for each task that runs at a time.
llvm::Constant *HostBuilder::scratch() {
  DimExpr most = dimConstant(source.getContext(), 0);
  main.walk([&](LaunchOp op) {
    if (auto bytes = op.getScratch()) most = dimMax(most, bytes->getDims().front());
    if (ArrayAttr variants = op.getVariantsAttr())
      for (auto variant : variants.getAsRange<LaunchVariantAttr>())
        most = dimMax(most, variant.getScratch().getDims().front());
  });
  return size(most, main.getLoc());
}

/// girih_abi_symbol
llvm::Constant *HostBuilder::symbols() {
  SmallVector<C> list;
  for (const SlotTable::Source &s : slots.getSources())
    list.push_back(record({i32(s.input), i32(s.axis), i32(s.slot), text(s.name)}));
  return array(list, "symbols");
}

/// girih_abi_copy, for each output that no launch writes.
llvm::Constant *HostBuilder::copies(uint32_t &count) {
  Operation *end = main.getBody().front().getTerminator();
  SmallVector<C> list;
  for (auto [i, r] : llvm::enumerate(kRefs.get(end).getAsRange<RefAttr>()))
    if (r.getBase() != BufferBase::output || r.getIndex() != int64_t(i))
      list.push_back(record({ref(r, main.getLoc()), i32(i)}));
  count = list.size();
  return array(list, "copies");
}

static uint32_t getKind(CheckKind kind) {
  switch (kind) {
  case CheckKind::equal:
    return GIRIH_CHECK_EQUAL;
  case CheckKind::at_most:
    return GIRIH_CHECK_AT_MOST;
  case CheckKind::broadcast:
    return GIRIH_CHECK_BROADCAST;
  case CheckKind::broadcast_to:
    return GIRIH_CHECK_BROADCAST_TO;
  }
  llvm_unreachable("all kinds have a code");
}

/// girih_abi_range, for each weight of a model that is sanitized.
llvm::Constant *HostBuilder::ranges(const Weights &weights, uint32_t &count) {
  SmallVector<C> list;
  if (options.sanitize)
    for (const Weights::Piece &piece : weights.pieces)
      list.push_back(record({i64(piece.offset), i64(getConstantSize(piece.value))}));
  count = list.size();
  return array(list, "weight_ranges");
}

/// girih_abi_check, for each relation in `girih.checks`.
llvm::Constant *HostBuilder::checks(uint32_t &count) {
  SmallVector<C> list;
  if (auto recorded = kChecks.get(source))
    for (auto check : recorded.getAsRange<CheckAttr>()) {
      ArrayRef<DimExpr> d = check.getSizes().getDims();
      list.push_back(record({i32(getKind(check.getKind())), size(d[0], main.getLoc()),
                             size(d[1], main.getLoc()), text(dimToString(d[0])), text(dimToString(d[1])),
                             text(check.getNode().getValue()), text(slots.describe(d))}));
    }
  count = list.size();
  return array(list, "checks");
}

/// girih_abi_index_check
llvm::Constant *HostBuilder::indexChecks(uint32_t &count) {
  SmallVector<C> list;
  main.walk([&](CheckIndexOp op) {
    if (!op.getRefAttr()) {
      op.emitOpError("has no ref; the buffers stage makes it");
      failedSize = true;
      return;
    }
    list.push_back(
        record({ref(op.getRefAttr(), op.getLoc()), size(op.getSize().getDims().front(), op.getLoc()),
                text(getNodeName(op.getLoc()))}));
  });
  count = list.size();
  return array(list, "index_checks");
}

/// girih_abi_device_module
llvm::Constant *HostBuilder::deviceModules() {
  SmallVector<C> list;
  for (const DeviceModule &m : device.modules)
    list.push_back(record({text(m.ptx), i64(m.sm)}));
  return array(list, "device_modules");
}

llvm::Constant *HostBuilder::deviceRuntime() {
  if (device.modules.empty()) return null();
  auto *runtime = new llvm::GlobalVariable(module, llvm::Type::getInt8Ty(context), true,
                                           llvm::GlobalValue::ExternalLinkage, nullptr, GIRIH_CUDA_SYMBOL);
  runtime->setVisibility(llvm::GlobalValue::HiddenVisibility);
  return runtime;
}

static uint32_t precisionFlag(ModuleOp module) {
  if (StringAttr narrow = kPrecision.get(module))
    return narrow == "f16" ? GIRIH_PRECISION_F16 : GIRIH_PRECISION_BF16;
  return kProducts.get(module) ? GIRIH_PRECISION_TF32 : 0;
}

LogicalResult HostBuilder::build(const Weights &weights, const CpuTarget &target) {
  if (!kArena.get(source)) return source.emitError("has no girih.arena; the buffers stage makes it");
  SmallVector<C> launches;
  main.walk([&](LaunchOp op) { launches.push_back(launch(op)); });
  C launchTable = array(launches, "launches");
  C inputs = tensors(main.getArgumentTypes(), &weights), outputs = tensors(main.getResultTypes(), nullptr);
  C arenaTable = arena();
  uint32_t copyCount, checkCount, indexCheckCount, rangeCount;
  C copyTable = copies(copyCount), checkTable = checks(checkCount),
    indexCheckTable = indexChecks(indexCheckCount), rangeTable = ranges(weights, rangeCount),
    scratchBytes = scratch(), symbolTable = symbols();
  if (failedSize) return failure();
  llvm::Function *compute = slots.emit(module, "compute_slots");

  bool external = !options.weightsFile.empty();
  C data = null();
  if (weights.bytes && !external) {
    auto *bytes =
        new llvm::GlobalVariable(module, llvm::ArrayType::get(llvm::Type::getInt8Ty(context), 0), true,
                                 llvm::GlobalValue::ExternalLinkage, nullptr, weightsSymbol(options.prefix));
    bytes->setVisibility(llvm::GlobalValue::HiddenVisibility);
    data = bytes;
  }
  auto name = kModel.get(source);
  auto arenaCount = kArena.get(source).size();
  C table = record({i32(GIRIH_ABI_VERSION),
                    i32((options.sanitize ? GIRIH_SANITIZED : 0) | precisionFlag(source)),
                    text(name ? name.getValue() : "model"),
                    text(options.producer),
                    text(target.cpu),
                    text(target.requiredText()),
                    i32(main.getNumArguments()),
                    i32(main.getNumResults()),
                    i32(launches.size()),
                    i32(arenaCount),
                    i32(slots.getSources().size()),
                    i32(slots.size()),
                    i32(copyCount),
                    i32(getNumber(source, kNodes)),
                    i32(checkCount),
                    i32(indexCheckCount),
                    i32(rangeCount),
                    i32(device.modules.size()),
                    inputs,
                    outputs,
                    launchTable,
                    arenaTable,
                    symbolTable,
                    copyTable,
                    checkTable,
                    indexCheckTable,
                    rangeTable,
                    compute ? compute : null(),
                    i64(getNumber(source, kArenaBytes)),
                    i64(getNumber(source, kArenaLowerBound)),
                    scratchBytes,
                    data,
                    i64(weights.bytes),
                    external ? text(options.weightsFile) : null(),
                    i64(options.weightsHash),
                    i64(getNumber(source, kParameters)),
                    i64(getNumber(source, kMacs)),
                    deviceModules(),
                    deviceRuntime()});
  new llvm::GlobalVariable(module, table->getType(), true, llvm::GlobalValue::ExternalLinkage, table,
                           options.tableSymbol);
  [[maybe_unused]] const llvm::DataLayout &layout = module.getDataLayout();
  assert(layout.getTypeAllocSize(table->getType()) == sizeof(girih_artifact));
  assert(launches.empty() || layout.getTypeAllocSize(launches[0]->getType()) == sizeof(girih_abi_launch));
  return success();
}

std::unique_ptr<llvm::Module> buildHostModule(ModuleOp module, const Weights &weights,
                                              const DeviceCode &device, const CpuTarget &target,
                                              const HostOptions &options, llvm::LLVMContext &context) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main) {
    module.emitError("has no function @main");
    return nullptr;
  }
  auto host = std::make_unique<llvm::Module>("girih_host", context);
  std::unique_ptr<llvm::TargetMachine> machine = target.createMachine();
  host->setTargetTriple(machine->getTargetTriple());
  host->setDataLayout(machine->createDataLayout());
  if (failed(HostBuilder(module, main, device, *host, options).build(weights, target))) return nullptr;
  return host;
}

} // namespace girih
