// The driver API: streams, events, and the capture of streams into graphs.
#include "tools/ptxsim/driver/Driver.h"
#include <algorithm>

using namespace girih::cudasim;

namespace {

CUresult createStream(CUstream *out, unsigned flags, int priority) {
  return inContext([&](Driver &d, CUctx_st &c) {
    if (!out || flags > CU_STREAM_NON_BLOCKING) return CUDA_ERROR_INVALID_VALUE;
    CUstream s = d.streams.make();
    s->context = &c, s->flags = flags, s->priority = std::clamp(priority, -5, 0), s->id = ++d.lastId;
    return *out = s, CUDA_SUCCESS;
  });
}

/// Waiting for a stream that is captured would wait for ever.
CUresult afterWork(CUstream handle) {
  return inStream(handle, [](Driver &, CUstream_st &s) {
    if (!s.capture) return CUDA_SUCCESS;
    return s.capture->invalid = true, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  });
}

template <class F> CUresult ofEvent(CUevent event, F &&f) {
  return inContext([&](Driver &d, CUctx_st &) {
    if (!d.events.has(event)) return CUDA_ERROR_INVALID_HANDLE;
    return f();
  });
}

CUresult eventDone(CUevent event) {
  return ofEvent(event, [&] { return event->capture.lock() ? CUDA_ERROR_CAPTURED_EVENT : CUDA_SUCCESS; });
}

/// Makes a stream wait, within a capture, for what an event has recorded.
CUresult waitInCapture(CUstream_st &s, CUevent event) {
  auto capture = event->capture.lock();
  if (!capture) return s.capture->invalid = true, CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
  if (capture->invalid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  if (!s.capture) {
    if (&s == &s.context->legacy) return capture->invalid = true, CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
    s.capture = capture, s.last = event->last;
    return CUDA_SUCCESS;
  }
  if (s.capture != capture)
    return s.capture->invalid = capture->invalid = true, CUDA_ERROR_STREAM_CAPTURE_MERGE;
  for (CUgraphNode n : event->last)
    if (std::find(s.last.begin(), s.last.end(), n) == s.last.end()) s.last.push_back(n);
  return CUDA_SUCCESS;
}

/// Whether all of `nodes` come before one of `last`.
bool joined(const std::vector<CUgraphNode> &nodes, std::vector<CUgraphNode> last) {
  std::unordered_set<CUgraphNode> seen;
  while (!last.empty()) {
    CUgraphNode n = last.back();
    last.pop_back();
    if (seen.insert(n).second) last.insert(last.end(), n->dependencies.begin(), n->dependencies.end());
  }
  return std::all_of(nodes.begin(), nodes.end(), [&](CUgraphNode n) { return seen.count(n); });
}

/// All streams that take part in a capture.
template <class F> void eachStream(Driver &d, const Capture *capture, F &&f) {
  d.eachStream([&](CUstream_st &s) {
    if (s.capture.get() == capture) f(s);
  });
}

CUresult captureInfo(CUstream handle, CUstreamCaptureStatus *status, uint64_t *id, CUgraph *graph,
                     const CUgraphNode **nodes, const CUgraphEdgeData **edges, size_t *count) {
  return ofStream(handle, [&](Driver &, CUstream_st &s) {
    if (!status) return CUDA_ERROR_INVALID_VALUE;
    *status = !s.capture           ? CU_STREAM_CAPTURE_STATUS_NONE
              : s.capture->invalid ? CU_STREAM_CAPTURE_STATUS_INVALIDATED
                                   : CU_STREAM_CAPTURE_STATUS_ACTIVE;
    if (*status != CU_STREAM_CAPTURE_STATUS_ACTIVE) return CUDA_SUCCESS;
    if (id) *id = s.capture->id;
    if (graph) *graph = s.capture->graph.get();
    if (nodes) *nodes = s.last.data();
    if (count) *count = s.last.size();
    if (edges) {
      thread_local std::vector<CUgraphEdgeData> plain;
      plain.assign(s.last.size(), {});
      *edges = plain.data();
    }
    return CUDA_SUCCESS;
  });
}

} // namespace

extern "C" {

CUresult cuStreamCreate(CUstream *out, unsigned flags) {
  return createStream(out, flags, 0);
}
CUresult cuStreamCreateWithPriority(CUstream *out, unsigned flags, int priority) {
  return createStream(out, flags, priority);
}

CUresult cuStreamDestroy_v2(CUstream stream) {
  return inDriver([&](Driver &d) {
    d.waitWhile([&] { return d.streams.has(stream) && stream->calling; });
    if (!d.streams.has(stream)) return CUDA_ERROR_INVALID_HANDLE;
    // What other streams of the capture wait for already stays in its graph.
    if (auto capture = stream->capture) {
      if (capture->origin == stream) capture->origin = nullptr;
      if (!capture->origin || !joined(stream->last, capture->origin->last)) capture->invalid = true;
    }
    return d.streams.erase(stream), CUDA_SUCCESS;
  });
}

CUresult cuStreamQuery(CUstream stream) {
  bool busy = false;
  CUresult e = ofStream(stream, [&](Driver &d, CUstream_st &s) { return busy = d.isBusy(s), CUDA_SUCCESS; });
  return busy ? CUDA_ERROR_NOT_READY : e ? e : afterWork(stream);
}
CUresult cuStreamSynchronize(CUstream stream) {
  return afterWork(stream);
}

CUresult cuStreamWaitEvent(CUstream handle, CUevent event, unsigned) {
  return inStream(handle, [&](Driver &d, CUstream_st &s) {
    if (!d.events.has(event)) return CUDA_ERROR_INVALID_HANDLE;
    return s.capture || event->capture.lock() ? waitInCapture(s, event) : CUDA_SUCCESS;
  });
}

CUresult cuStreamAddCallback(CUstream handle, CUstreamCallback callback, void *data, unsigned flags) {
  return inStream(handle, [&](Driver &d, CUstream_st &s) {
    if (!callback || flags) return CUDA_ERROR_INVALID_VALUE;
    if (s.capture) return s.capture->invalid = true, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    d.callFrom(s, [&] { callback(handle, CUDA_SUCCESS, data); });
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetPriority(CUstream handle, int *priority) {
  return ofStream(handle, [&](Driver &, CUstream_st &s) {
    if (!priority) return CUDA_ERROR_INVALID_VALUE;
    return *priority = s.priority, CUDA_SUCCESS;
  });
}

CUresult cuStreamGetFlags(CUstream handle, unsigned *flags) {
  return ofStream(handle, [&](Driver &, CUstream_st &s) {
    if (!flags) return CUDA_ERROR_INVALID_VALUE;
    return *flags = s.flags, CUDA_SUCCESS;
  });
}

CUresult cuStreamGetId(CUstream handle, unsigned long long *id) {
  return ofStream(handle, [&](Driver &, CUstream_st &s) {
    if (!id) return CUDA_ERROR_INVALID_VALUE;
    return *id = s.id, CUDA_SUCCESS;
  });
}

CUresult cuStreamGetCtx(CUstream handle, CUcontext *context) {
  return ofStream(handle, [&](Driver &, CUstream_st &s) {
    if (!context) return CUDA_ERROR_INVALID_VALUE;
    return *context = s.context, CUDA_SUCCESS;
  });
}

CUresult cuStreamGetDevice(CUstream handle, CUdevice *device) {
  return ofStream(handle, [&](Driver &, CUstream_st &) {
    if (!device) return CUDA_ERROR_INVALID_VALUE;
    return *device = 0, CUDA_SUCCESS;
  });
}

//===-- Capture -------------------------------------------------------------------------===//

CUresult cuStreamBeginCapture_v2(CUstream handle, CUstreamCaptureMode mode) {
  return inStream(handle, [&](Driver &d, CUstream_st &s) {
    if (mode > CU_STREAM_CAPTURE_MODE_RELAXED) return CUDA_ERROR_INVALID_VALUE;
    if (&s == &s.context->legacy) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (s.capture) return CUDA_ERROR_ILLEGAL_STATE;
    s.capture = std::make_shared<Capture>();
    s.capture->graph = std::make_unique<CUgraph_st>();
    s.capture->origin = &s, s.capture->id = ++d.lastId;
    return s.last.clear(), CUDA_SUCCESS;
  });
}

CUresult cuStreamEndCapture(CUstream handle, CUgraph *out) {
  return inStream(handle, [&](Driver &d, CUstream_st &s) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    *out = nullptr;
    if (!s.capture) return CUDA_ERROR_ILLEGAL_STATE;
    std::shared_ptr<Capture> capture = s.capture;
    if (capture->origin != &s) return capture->invalid = true, CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
    bool allJoined = true;
    eachStream(d, capture.get(),
               [&](CUstream_st &other) { allJoined &= &other == &s || joined(other.last, s.last); });
    eachStream(d, capture.get(), [&](CUstream_st &other) { other.capture = nullptr, other.last.clear(); });
    if (capture->invalid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    if (!allJoined) return CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
    return *out = d.graphs.add(std::move(capture->graph)), CUDA_SUCCESS;
  });
}

CUresult cuStreamIsCapturing(CUstream handle, CUstreamCaptureStatus *status) {
  return captureInfo(handle, status, nullptr, nullptr, nullptr, nullptr, nullptr);
}

CUresult cuStreamGetCaptureInfo_v2(CUstream handle, CUstreamCaptureStatus *status, uint64_t *id,
                                   CUgraph *graph, const CUgraphNode **nodes, size_t *count) {
  return captureInfo(handle, status, id, graph, nodes, nullptr, count);
}

CUresult cuStreamGetCaptureInfo_v3(CUstream handle, CUstreamCaptureStatus *status, uint64_t *id,
                                   CUgraph *graph, const CUgraphNode **nodes, const CUgraphEdgeData **edges,
                                   size_t *count) {
  return captureInfo(handle, status, id, graph, nodes, edges, count);
}

// Calls that a capture of mode "global" forbids are harmless here, where nothing is still running.
CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode) {
  thread_local CUstreamCaptureMode own = CU_STREAM_CAPTURE_MODE_GLOBAL;
  if (!mode || *mode > CU_STREAM_CAPTURE_MODE_RELAXED) return CUDA_ERROR_INVALID_VALUE;
  return std::swap(*mode, own), CUDA_SUCCESS;
}

//===-- Events --------------------------------------------------------------------------===//

CUresult cuEventCreate(CUevent *out, unsigned flags) {
  return inContext([&](Driver &d, CUctx_st &c) {
    if (!out || flags > (CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING | CU_EVENT_INTERPROCESS))
      return CUDA_ERROR_INVALID_VALUE;
    if (flags & CU_EVENT_INTERPROCESS) return CUDA_ERROR_NOT_SUPPORTED;
    *out = d.events.make();
    return (*out)->context = &c, (*out)->flags = flags, CUDA_SUCCESS;
  });
}

CUresult cuEventDestroy_v2(CUevent event) {
  return inDriver(
      [&](Driver &d) { return d.events.erase(event) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE; });
}

CUresult cuEventRecordWithFlags(CUevent event, CUstream handle, unsigned) {
  return inStream(handle, [&](Driver &d, CUstream_st &s) {
    if (!d.events.has(event)) return CUDA_ERROR_INVALID_HANDLE;
    event->capture = s.capture, event->last = s.last;
    event->recorded = !s.capture, event->milliseconds = d.milliseconds();
    return CUDA_SUCCESS;
  });
}

CUresult cuEventRecord(CUevent event, CUstream handle) {
  return cuEventRecordWithFlags(event, handle, 0);
}
CUresult cuEventQuery(CUevent event) {
  return eventDone(event);
}
CUresult cuEventSynchronize(CUevent event) {
  return eventDone(event);
}

CUresult cuEventElapsedTime_v2(float *milliseconds, CUevent start, CUevent end) {
  return inContext([&](Driver &d, CUctx_st &) {
    if (!milliseconds) return CUDA_ERROR_INVALID_VALUE;
    for (CUevent e : {start, end})
      if (!d.events.has(e) || !e->recorded || e->flags & CU_EVENT_DISABLE_TIMING)
        return CUDA_ERROR_INVALID_HANDLE;
    return *milliseconds = float(end->milliseconds - start->milliseconds), CUDA_SUCCESS;
  });
}

} // extern "C"
