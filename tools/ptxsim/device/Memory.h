// The simulated device's memory: a reserved range of the host's address space of which only allocations are
// accessible, and only touched pages take memory. Device addresses are host addresses, as CUDA's unified
// addressing has them for memory that both sides access.
#pragma once

#include "tools/ptxsim/exec/State.h"
#include <map>
#include <mutex>
#include <optional>

namespace girih::ptx {

class Memory {
public:
  /// Where device addresses begin, unless the host has something else there. Allocations begin at multiples
  /// of 4096 and lie far apart, so that an access beyond the end of one meets none.
  static constexpr uint64_t preferredBase = 0x7000'0000'0000;

  explicit Memory(uint64_t capacity);
  ~Memory();
  Memory(const Memory &) = delete;

  /// Whether the host gave the address space.
  bool valid() const { return base != 0; }
  uint64_t capacity() const { return limit; }
  uint64_t used() const;

  enum class Kind : uint8_t { Device, Constant, Host }; // Host: does not count as the device's

  /// Zeroed memory, or 0 if there is no more.
  uint64_t allocate(uint64_t bytes, Kind kind = Kind::Device);
  bool release(uint64_t address); // the address that allocate gave

  /// Addresses without memory, or 0: at `wanted` if they are free there, and a multiple of `align`.
  uint64_t reserve(uint64_t bytes, uint64_t align, uint64_t wanted);
  bool giveBack(uint64_t address, uint64_t bytes); // what reserve gave
  /// Whether addresses lie within one reservation and nothing is mapped there.
  bool isReserved(uint64_t address, uint64_t bytes) const;
  /// Memory for reserved addresses: a file's, of `take`n bytes.
  bool map(uint64_t address, uint64_t bytes, int file, uint64_t offset);
  void unmap(uint64_t address); // of map
  /// Counts bytes as used, if there are as many left.
  bool take(uint64_t bytes);
  void give(uint64_t bytes);

  /// Makes memory of the host, which the caller keeps, accessible. False if it overlaps other allocations.
  bool adopt(void *memory, uint64_t bytes);
  bool disown(void *memory); // the address that adopt took
  /// Whether an address belongs to the device, allocated or not.
  bool owns(uint64_t address) const { return address - base < reserved; }
  /// From now on the checker knows which bytes of an allocation have been written: none, whatever was before.
  void trackWrites(uint64_t address);
  /// The host has written these bytes, which may lie in allocations that follow each other.
  void wrote(uint64_t address, uint64_t bytes);
  /// The allocation that `address` lies in.
  std::optional<Range> find(uint64_t address) const;
  /// The allocation before `address` that ends near it: for messages.
  std::optional<Range> endingBefore(uint64_t address) const;
  /// Host address of [address, address + bytes), null if that is not within one allocation.
  char *pointer(uint64_t address, uint64_t bytes) const;

private:
  struct Allocation {
    Range range;
    Kind kind = Kind::Device;
    bool adopted = false;
  };
  void addGap(uint64_t begin, uint64_t end);

  mutable std::mutex lock;
  uint64_t base = 0, limit, reserved = 0, taken = 0;
  std::map<uint64_t, Allocation> allocations; // by begin
  std::map<uint64_t, uint64_t> gaps;          // free addresses: begin, end
  std::map<uint64_t, uint64_t> reservations;  // begin, end
};

} // namespace girih::ptx
