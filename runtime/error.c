/* Messages and names. */
#include "runtime/internal.h"
#include <stdarg.h>
#include <stdio.h>

girih_status fail(girih_error *error, girih_status status, const char *format, ...) {
  if (error) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
  }
  return status;
}

void append(text_buffer *buffer, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  size_t room = buffer->capacity - buffer->length;
  int written = vsnprintf(buffer->text + buffer->length, room, format, arguments);
  va_end(arguments);
  if (written > 0) buffer->length += (size_t)written < room ? (size_t)written : room - 1;
}

const char *girih_version(void) {
  return GIRIH_VERSION;
}

static const struct {
  char name[8];
  size_t bytes;
} dtypes[] = {
    [GIRIH_F32] = {"f32", 4},   [GIRIH_F64] = {"f64", 8}, [GIRIH_F16] = {"f16", 2},
    [GIRIH_BF16] = {"bf16", 2}, [GIRIH_I8] = {"i8", 1},   [GIRIH_I16] = {"i16", 2},
    [GIRIH_I32] = {"i32", 4},   [GIRIH_I64] = {"i64", 8}, [GIRIH_U8] = {"u8", 1},
    [GIRIH_U16] = {"u16", 2},   [GIRIH_U32] = {"u32", 4}, [GIRIH_U64] = {"u64", 8},
    [GIRIH_BOOL] = {"bool", 1},
};

static bool is_dtype(uint32_t dtype) {
  return dtype > 0 && dtype < sizeof dtypes / sizeof *dtypes;
}

const char *girih_dtype_name(uint32_t dtype) {
  return is_dtype(dtype) ? dtypes[dtype].name : "invalid";
}

size_t girih_dtype_bytes(uint32_t dtype) {
  return is_dtype(dtype) ? dtypes[dtype].bytes : 0;
}
