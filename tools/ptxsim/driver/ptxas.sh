#!/bin/sh
# A stand-in for ptxas, for compilers that always assemble what they hand to the driver (Triton: TRITON_PTXAS_PATH):
# the "cubin" is the PTX itself, which the driver library executes. It takes ptxas's options and uses the file and -o.
input= output=elf.o
while [ $# -gt 0 ]; do
  case "$1" in
    --version|-V)
      echo "ptxas: stand-in of girih-ptxsim, which hands PTX on"
      echo "Cuda compilation tools, release 13.0, V13.0.0"
      exit 0 ;;
    -o|--output-file) output=$2; shift ;;
    --output-file=*) output=${1#*=} ;;
    -arch|--gpu-name|-O|--opt-level|-maxrregcount|--maxrregcount) shift ;;
    -*) ;;
    *) input=$1 ;;
  esac
  shift
done
if [ -z "$input" ]; then
  echo "ptxas fatal   : No input files specified; use option --help for more information" >&2
  exit 255
fi
# An image ends with a zero byte.
cat -- "$input" > "$output" && printf '\0' >> "$output"
