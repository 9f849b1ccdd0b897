// Compiled for the precompiled header alone.
#include "compiler/Pch.h"
