// The driver API: tensor maps. What their bytes hold stands in device/TensorMap.h.
#include "tools/ptxsim/device/TensorMap.h"
#include "tools/ptxsim/driver/Driver.h"
#include <algorithm>
#include <cstring>

using namespace girih::cudasim;
using girih::ptx::TensorMap;
using girih::ptx::TensorType;

CUresult cuTensorMapEncodeTiled(CUtensorMap *out, CUtensorMapDataType type, cuuint32_t rank, void *address,
                                const cuuint64_t *sizes, const cuuint64_t *strides, const cuuint32_t *box,
                                const cuuint32_t *steps, CUtensorMapInterleave interleave,
                                CUtensorMapSwizzle swizzle, CUtensorMapL2promotion promotion,
                                CUtensorMapFloatOOBfill fill) {
  return inDriver([&](Driver &) {
    if (!out || !sizes || !box || !steps || (!strides && rank > 1)) return CUDA_ERROR_INVALID_VALUE;
    if (rank < 1 || rank > TensorMap::most || unsigned(promotion) > CU_TENSOR_MAP_L2_PROMOTION_L2_256B) {
      say("cuTensorMapEncodeTiled: %u dimensions, L2 promotion %u", rank, unsigned(promotion));
      return CUDA_ERROR_INVALID_VALUE;
    }
    auto small = [](uint64_t v) { return uint8_t(std::min<uint64_t>(v, 255)); };
    TensorMap map{};
    map.isMap = TensorMap::mark, map.type = TensorType(small(unsigned(type))), map.rank = uint8_t(rank);
    map.address = reinterpret_cast<uint64_t>(address);
    map.interleave = small(unsigned(interleave)), map.swizzle = small(unsigned(swizzle));
    map.fill = small(unsigned(fill));
    for (unsigned d = 0; d < rank; ++d) {
      map.size[d] = sizes[d];
      map.box[d] = uint16_t(std::min(box[d], 65535u)), map.step[d] = small(steps[d]);
      if (d + 1 < rank) map.stride[d] = strides[d];
    }
    std::string problem = problemOf(map);
    if (reinterpret_cast<uint64_t>(out) % 64)
      problem = "a tensor map's own address has to be a multiple of 64";
    if (!problem.empty()) {
      say("cuTensorMapEncodeTiled: %s", problem.c_str());
      return unsupportedIn(map).empty() ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_NOT_SUPPORTED;
    }
    memcpy(out, &map, sizeof(map));
    return CUDA_SUCCESS;
  });
}

CUresult cuTensorMapReplaceAddress(CUtensorMap *map, void *address) {
  return inDriver([&](Driver &) {
    TensorMap changed;
    if (!map) return CUDA_ERROR_INVALID_VALUE;
    memcpy(&changed, map, sizeof(changed));
    changed.address = reinterpret_cast<uint64_t>(address);
    std::string problem = changed.isMap == TensorMap::mark ? problemOf(changed) : "this is no tensor map";
    if (!problem.empty()) {
      say("cuTensorMapReplaceAddress: %s", problem.c_str());
      return CUDA_ERROR_INVALID_VALUE;
    }
    memcpy(map, &changed, sizeof(changed));
    return CUDA_SUCCESS;
  });
}
