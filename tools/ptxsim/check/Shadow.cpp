#include "tools/ptxsim/check/Shadow.h"
#include <sys/mman.h>

namespace girih::ptx::check {

MarkList *Attachments::newList() {
  std::lock_guard<std::mutex> guard(lock);
  return &lists.emplace_back();
}

Cell *Attachments::newBytes() {
  std::lock_guard<std::mutex> guard(lock);
  return bytes.emplace_back(new Cell[4]).get();
}

void Attachments::clear() {
  lists.clear(), bytes.clear();
}

GlobalShadow::GlobalShadow(uint64_t base, uint64_t bytes)
    : base(base), mapped((bytes >> 2) * sizeof(Cell)), locks(new std::atomic_flag[lockCount]) {
  // Pages of zeros are cells without marks.
  void *p =
      mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p != MAP_FAILED) cells = static_cast<Cell *>(p);
}

GlobalShadow::~GlobalShadow() {
  if (cells) munmap(static_cast<void *>(cells), mapped);
}

} // namespace girih::ptx::check
