import type { Signature } from '../signature.ts';

/** The program ran out of memory by its own limit (heap, allocator): not the container's, so raising that is not certain to help. */
export default {
  cause: 'memory-error',
  label: 'unknown',
  patterns: [
    {
      regex: String.raw`^MemoryError\b`,
      weight: 9,
      language: 'python',
      source: 'CPython Objects/obmalloc.c, PyErr_NoMemory',
    },
    {
      regex: String.raw`(?:numpy\.core\._exceptions\.|numpy\._core\._exceptions\.)?_ArrayMemoryError|Unable to allocate \d+`,
      weight: 9,
      language: 'python',
      source: 'numpy numpy/_core/_exceptions.py',
    },
    {
      regex: String.raw`java\.lang\.OutOfMemoryError`,
      weight: 9,
      language: 'java',
      source: 'OpenJDK src/hotspot/share/utilities/debug.cpp report_java_out_of_memory',
    },
    {
      regex: '(?:JavaScript heap out of memory|Reached heap limit Allocation failed|ERR_WORKER_OUT_OF_MEMORY)',
      weight: 9,
      language: 'node',
      source: 'V8 src/api/api.cc V8::FatalProcessOutOfMemory',
    },
    {
      regex: 'fatal error: (?:runtime: out of memory|runtime: cannot allocate memory|out of memory)',
      weight: 9,
      language: 'go',
      source: 'Go src/runtime/malloc.go',
    },
    {
      regex: String.raw`System\.OutOfMemoryException`,
      weight: 9,
      language: 'dotnet',
      source: 'dotnet/runtime System.OutOfMemoryException',
    },
    {
      regex: 'There is insufficient memory for the Java Runtime Environment to continue',
      weight: 9,
      language: 'java',
      source: 'OpenJDK src/hotspot/share/utilities/vmError.cpp',
    },
    {
      regex: String.raw`memory allocation of \d+ bytes failed`,
      weight: 9,
      source: 'Rust library/std/src/alloc.rs default_alloc_error_hook',
    },
    {
      regex: "terminate called after throwing an instance of 'std::bad_alloc'",
      weight: 9,
      source: 'GCC libstdc++ libsupc++/vterminate.cc',
    },
    {
      regex: String.raw`(?:torch(?:\.cuda)?\.OutOfMemoryError|CUDA out of memory)`,
      weight: 9,
      language: 'python',
      source: 'PyTorch c10/cuda/CUDACachingAllocator.cpp',
    },
    { regex: 'Cannot allocate memory', weight: 6, source: 'glibc strerror(ENOMEM)' },
  ],
} satisfies Signature;
