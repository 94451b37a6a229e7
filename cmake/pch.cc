// Exists to carry the precompiled header of cmake/pch.h.
