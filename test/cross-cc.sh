#!/usr/bin/env bash
# A C compiler for programs of another architecture, of Clang, lld and the C library in Debian's libc6-dev-*-cross. (GCC's cross compilers
# can't be installed beside gcc-multilib.)
#
#   test/cross-cc.sh aarch64-linux-gnu FILE... -o PROGRAM
set -euo pipefail
triple=$1
shift
lib=/usr/$triple/lib
exec clang-22 "--target=$triple" -nostdlibinc -isystem "/usr/$triple/include" -mno-outline-atomics -fuse-ld=lld -nostdlib "-L$lib" \
  "$lib"/crt1.o "$lib"/crti.o "$@" -lm -lpthread -lc "$lib"/crtn.o
