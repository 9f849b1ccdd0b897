#include "passes/Tile/Domain.h"
#include "passes/Tile/Passes.h"
#include "passes/Tile/Schedule.h"

namespace girih {
#define GEN_PASS_DEF_PRINTDOMAINS
#include "passes/Tile/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

/// Writes one domain. Loops are called as schedules call them.
class Printer {
public:
  Printer(const Domain &domain, bool isPlanned, llvm::raw_ostream &os)
      : domain(domain), isPlanned(isPlanned), os(os) {
    for (unsigned d = 0; d < domain.dims.size(); ++d)
      names[domain.variable(d)] = ("d" + Twine(d)).str();
    for (const Reduction &r : domain.reductions)
      for (unsigned k = 0; k < r.loops.size(); ++k)
        names[r.variable(k)] = ("k" + Twine(k)).str();
  }

  void print() {
    loops("  loops ", 'd', ArrayRef(domain.dims).take_front(domain.parallel));
    loops("  loops behind the reductions ", 'd', ArrayRef(domain.dims).drop_front(domain.parallel),
          domain.parallel);
    border();
    for (auto [i, r] : llvm::enumerate(domain.reductions)) {
      os << "  reduction " << i;
      loops(": ", 'k', r.loops);
      if (r.loops.empty()) os << '\n';
      reads(int(i));
    }
    reads(-1);
    for (auto &[at, size] : domain.cuts) {
      os << "  keeps what is below " << dimToString(size) << " at ";
      index(at);
      os << '\n';
    }
    for (auto [result, store] : llvm::zip(domain.results, domain.stores)) {
      os << "  writes result " << result << " at ";
      index(store);
      os << '\n';
    }
  }

private:
  void loops(StringRef title, char letter, ArrayRef<LoopDim> list, unsigned first = 0) {
    if (list.empty()) return;
    os << title;
    llvm::interleaveComma(llvm::enumerate(list), os, [&](auto item) {
      auto [i, dim] = item;
      os << letter << first + i << " < " << dimToString(dim.extent);
      if (letter == 'd' && int64_t(first + i) == domain.unitDim) os << " (contiguous)";
    });
    os << '\n';
  }
  void border() {
    if (!domain.border) return;
    os << "  around it " << domain.border->fill;
    for (auto [d, before, after] : llvm::enumerate(domain.border->before, domain.border->after))
      if (before || after) os << ", " << before << " before and " << after << " behind d" << d;
    os << '\n';
  }
  void reads(int reduction) {
    for (const Access &a : domain.accesses) {
      if (a.reduction != reduction) continue;
      os << (reduction < 0 ? "  reads " : "    reads ");
      if (a.stage >= 0) {
        os << "stage " << a.stage << " at ";
        llvm::interleaveComma(a.at, os, [&](const Lin &at) { index(at); });
      } else {
        os << "operand " << a.buffer << " at ";
        index(a.lin);
      }
      if (a.dynamic) os << " and a computed index";
      if (llvm::is_contained(domain.packed, a.buffer)) os << (isPlanned ? ", packed" : ", may be packed");
      os << '\n';
    }
  }
  /// Variables without a loop stand at 0.
  void index(const Lin &lin) {
    bool any = false;
    for (auto &[v, c] : lin.terms) {
      auto name = names.find(v);
      if (name == names.end()) continue;
      os << (any ? " + " : "") << name->second;
      std::string stride = dimToString(c);
      if (c != 1) os << " * " << (stride.find(' ') == std::string::npos ? stride : "(" + stride + ")");
      any = true;
    }
    auto constant = dimValue(lin.constant);
    if (any && constant && *constant < 0)
      os << " - " << -*constant;
    else if (!any || lin.constant != 0)
      os << (any ? " + " : "") << dimToString(lin.constant);
  }

  const Domain &domain;
  bool isPlanned;
  llvm::raw_ostream &os;
  llvm::DenseMap<unsigned, std::string> names;
};

struct PrintDomains : girih::impl::PrintDomainsBase<PrintDomains> {
  void runOnOperation() override {
    getOperation().walk([&](KernelOp kernel) {
      if (getSpecialOp(kernel)) return;
      auto domains = analyzeScheduled(kernel, kernel.getScheduleAttr());
      if (failed(domains)) return signalPassFailure();
      bool isPlanned = static_cast<bool>(kernel.getScheduleAttr());
      for (const Domain &domain : *domains) {
        llvm::outs() << "kernel \"" << kernel.getKernelName() << "\"\n";
        for (auto [i, stage] : llvm::enumerate(domain.stages)) {
          llvm::outs() << " stage " << i << ", stored\n";
          Printer(stage, isPlanned, llvm::outs()).print();
        }
        if (!domain.stages.empty()) llvm::outs() << " result\n";
        Printer(domain, isPlanned, llvm::outs()).print();
      }
    });
  }
};

} // namespace
