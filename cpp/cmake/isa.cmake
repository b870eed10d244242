# SPDX-License-Identifier: BSD-3-Clause
# The one list: instruction set -> CPU features. Compiler flags (-m<feature>, with - for _) and the run-time check (isa_list.inc) are both
# made from it, so they can't drift apart. Order is the order of preference, the last one that runs wins.
# `-march=<cpu>` is never used: it would enable more than is checked.

set(CROWFLY_ISAS "")

function(crowfly_isa name)
  set(CROWFLY_ISAS ${CROWFLY_ISAS} ${name} PARENT_SCOPE)
  set(CROWFLY_FEATURES_${name} ${ARGN} PARENT_SCOPE)
endfunction()

crowfly_isa(reference)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  crowfly_isa(avx2 avx avx2 fma)
  crowfly_isa(avx512bw avx avx2 fma avx512f avx512dq avx512bw avx512vl)
  crowfly_isa(avx512 avx avx2 fma avx512f avx512dq avx512bw avx512vl avx512vnni)
  include(CheckCXXSourceCompiles)
  # GCC 10, Clang 9.
  block()
    set(CMAKE_REQUIRED_FLAGS "-mavx512bf16 -mavx512f")
    check_cxx_source_compiles("
      #include <immintrin.h>
      int main() {
        const __m512 one = _mm512_set1_ps(1);
        return _mm512_cvtsi512_si32(_mm512_castps_si512(_mm512_dpbf16_ps(one, (__m512bh)one, (__m512bh)one)));
      }" CROWFLY_AVX512BF16_COMPILES)
  endblock()
  if(NOT MSVC AND CROWFLY_AVX512BF16_COMPILES)
    crowfly_isa(avx512bf16 avx avx2 fma avx512f avx512dq avx512bw avx512vl avx512vnni avx512bf16)
  endif()
  # GCC 11, Clang 12; and an assembler that knows the instructions, which are inline assembly in GCC's header. Linux alone says whether a process may use the tiles.
  block()
    set(CMAKE_REQUIRED_FLAGS "-mamx-tile -mamx-int8 -mamx-bf16")
    check_cxx_source_compiles("
      #include <immintrin.h>
      int main() {
        _tile_dpbsud(0, 1, 2);
        _tile_dpbf16ps(0, 1, 2);
        _tile_release();
      }" CROWFLY_AMX_COMPILES)
  endblock()
  if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND CROWFLY_AMX_COMPILES)
    crowfly_isa(amx avx avx2 fma avx512f avx512dq avx512bw avx512vl avx512vnni amx_tile amx_int8 amx_bf16)
  endif()
endif()

# One object library per instruction set: kernels_<isa>.cpp and nothing else sees these flags. Inlining and vectorising for an instruction set
# must stay inside its object, hence no link-time optimisation here.
function(crowfly_add_kernels out_objects)
  set(objects "")
  set(rows "")
  foreach(isa IN LISTS CROWFLY_ISAS)
    set(target crowfly_kernels_${isa})
    add_library(${target} OBJECT cpp/core/kernels/kernels_${isa}.cpp)
    target_link_libraries(${target} PRIVATE crowfly_options)
    target_compile_definitions(${target} PRIVATE CROWFLY_ISA_NAME=${isa})
    set_target_properties(${target} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
    if(NOT MSVC)
      # Kernels don't throw; without unwinding tables no personality symbol is shared with other objects.
      target_compile_options(${target} PRIVATE -fno-exceptions)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      # GCC 12's own intrinsics headers trip these two (GCC PR 105593).
      target_compile_options(${target} PRIVATE -Wno-uninitialized -Wno-maybe-uninitialized)
    endif()
    set(mask "")
    foreach(feature IN LISTS CROWFLY_FEATURES_${isa})
      if(NOT MSVC)
        string(REPLACE "_" "-" flag ${feature})
        target_compile_options(${target} PRIVATE -m${flag})
      endif()
      string(APPEND mask "feature_bit(CpuFeature::${feature}) | ")
    endforeach()
    if(MSVC AND isa STREQUAL "avx2")
      target_compile_options(${target} PRIVATE /arch:AVX2)
    elseif(MSVC AND isa MATCHES "^avx512(bw)?$")
      target_compile_options(${target} PRIVATE /arch:AVX512)
    endif()
    string(APPEND rows "CROWFLY_ISA_ROW(${isa}, ${mask}FeatureMask{0})\n")
    list(APPEND objects $<TARGET_OBJECTS:${target}>)
  endforeach()
  file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/generated/isa_list.inc CONTENT "${rows}")
  set(${out_objects} ${objects} PARENT_SCOPE)
endfunction()
