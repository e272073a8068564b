import type { Signature } from '../signature.ts';

/** Not the file system but something behind a network or a database refused: another cause. */
const ELSEWHERE = String.raw`permission denied for (?:table|relation|schema|database|sequence|function|view)|docker\.sock|forbidden: User|publickey`;

/** The process may not read, write, own or bind what it needs. */
export default {
  cause: 'permission-denied',
  patterns: [
    {
      regex: String.raw`PermissionError: \[Errno (?:1|13)\] [^'\n]{0,80}(?:'([^']{1,300})')?`,
      weight: 9,
      subject: 1,
      language: 'python',
      source: 'CPython Objects/exceptions.c OSError',
    },
    {
      regex: String.raw`\bPermissionError\b`,
      weight: 7,
      language: 'python',
      source: 'CPython Objects/exceptions.c OSError',
    },
    {
      regex: String.raw`\[Errno 30\] Read-only file system(?:: '([^']{1,300})')?`,
      says: '$ is on a read-only file system; mount a volume there',
      weight: 9,
      subject: 1,
      language: 'python',
      source: 'CPython Objects/exceptions.c OSError, strerror(EROFS)',
    },
    {
      regex: String.raw`\[Errno 13\] (?:Permission denied|error while attempting to bind)(?:: ?'([^']{1,300})'| on address \('([^']*', ?\d+))?`,
      weight: 9,
      subject: 1,
      language: 'python',
      source: 'CPython Objects/exceptions.c OSError, strerror(EACCES)',
    },
    {
      regex: String.raw`(?:EACCES|EPERM|EROFS): (?:permission denied|operation not permitted|read-only file system)(?:, \w+ '([^']{1,300})')?`,
      weight: 9,
      subject: 1,
      language: 'node',
      source: 'Node.js src/api/exceptions.cc UVException',
    },
    {
      regex: String.raw`(?:listen|bind|spawn) (?:(\S{1,200}) )?EACCES(?:: permission denied (\S+))?`,
      says: '$ may not be used; ports below 1024 need the capability NET_BIND_SERVICE',
      weight: 9,
      subject: 1,
      language: 'node',
      source: 'Node.js lib/net.js setupListenHandle',
    },
    { regex: String.raw`\b(?:EACCES|EROFS)\b`, weight: 6, language: 'node', source: 'Node.js libuv error names' },
    {
      regex: String.raw`(?:java\.nio\.file\.)?AccessDeniedException(?:: |\[)([^\s\]]{1,300})`,
      weight: 9,
      subject: 1,
      language: 'java',
      source: 'OpenJDK src/java.base/unix/classes/sun/nio/fs/UnixException.java translateToIOException',
      unless: String.raw`(?:amazonaws|\bkms\b|\bs3\b|springframework\.security|StatusCode|Status Code)`,
    },
    {
      regex: String.raw`FileSystemException: (\S+?):? (?:Read-only file system|Operation not permitted|Permission denied)`,
      weight: 9,
      subject: 1,
      language: 'java',
      source: 'OpenJDK sun/nio/fs/UnixException.java',
    },
    {
      regex: 'BindException: Permission denied',
      weight: 9,
      says: 'it may not listen on its port; ports below 1024 need the capability NET_BIND_SERVICE',
      language: 'java',
      source: 'OpenJDK src/java.base/unix/native/libnio/ch/Net.c handleSocketError',
    },
    {
      regex: String.raw`(?:FileNotFoundException|IOException): (\S.{0,200}?) \((?:Permission denied|Read-only file system|Operation not permitted)\)`,
      weight: 9,
      subject: 1,
      language: 'java',
      source: 'OpenJDK src/java.base/share/native/libjava/io_util.c throwFileNotFoundException',
    },
    {
      regex: String.raw`\b(?:open|mkdir|chown|chmod|rename|stat|unlink|remove|create|mkdirat|openat|fork/exec|link|symlink|listen tcp|bind)(?: (\S{1,200}?))?:? (?:bind: )?(?:permission denied|read-only file system|operation not permitted)`,
      weight: 9,
      subject: 1,
      language: 'go',
      unless: ELSEWHERE,
      source: 'Go src/io/fs PathError with syscall.EACCES, EROFS, EPERM',
    },
    {
      regex: "Access to the path '([^']{1,300})' is denied",
      weight: 9,
      subject: 1,
      language: 'dotnet',
      source: 'dotnet/runtime System.Private.CoreLib Strings.resx UnauthorizedAccess_IODenied_Path',
    },
    {
      regex: String.raw`System\.UnauthorizedAccessException`,
      weight: 8,
      language: 'dotnet',
      source: 'dotnet/runtime System.UnauthorizedAccessException',
    },
    {
      regex: String.raw`SocketException \(13\): Permission denied`,
      weight: 9,
      language: 'dotnet',
      source: 'dotnet/runtime System.Net.Sockets SocketException',
    },
    {
      regex: String.raw`Permission denied \(os error 13\)|Read-only file system \(os error 30\)|Operation not permitted \(os error 1\)|kind: PermissionDenied`,
      weight: 9,
      source: 'Rust library/std/src/io/error.rs',
    },
    {
      regex: String.raw`\(13: Permission denied\)|\(30: Read-only file system\)|\(1: Operation not permitted\)`,
      weight: 9,
      source: 'nginx src/os/unix/ngx_errno.c',
    },
    { regex: String.raw`\(13\)Permission denied: AH\d+`, weight: 9, source: 'Apache httpd server/listen.c, log.c' },
    {
      regex: String.raw`(?:cannot|can't|could not|couldn't|failed to|unable to) (?:\w+ ){1,4}.{0,200}?[:(] ?(?:Permission denied|Operation not permitted|Read-only file system)`,
      weight: 9,
      unless: ELSEWHERE,
      source: 'GNU coreutils error(3) with strerror(EACCES|EPERM|EROFS)',
    },
    {
      regex: String.raw`^(?:\S{1,60}: )?(?:line )?(?:\d+: )?(?:\S{1,60}: )?(\S{1,200}): (?:Permission denied|Operation not permitted|Read-only file system)\s*$`,
      weight: 8,
      subject: 1,
      unless: ELSEWHERE,
      source: 'dash, bash, busybox: message of perror(3)',
    },
    { regex: 'Errno::E(?:ACCES|PERM|ROFS)', weight: 9, source: 'Ruby io.c' },
    {
      regex: 'failed to open stream: (?:Permission denied|Read-only file system)',
      weight: 9,
      source: 'PHP main/streams/plain_wrapper.c',
    },
    {
      regex: '(?:attempt to write a readonly database|SQLITE_READONLY|SQLITE_CANTOPEN|unable to open database file)',
      weight: 8,
      source: 'sqlite src/main.c sqlite3ErrStr',
    },
    {
      regex: 'data directory "([^"]{1,200})" has (?:wrong ownership|invalid permissions)',
      weight: 9,
      subject: 1,
      source: 'PostgreSQL src/backend/utils/init/miscinit.c checkDataDir',
    },
    {
      regex:
        "(?:is not writable|not writeable|no write permission|isn't writable|must be writable|on a read-only directory)",
      weight: 7,
      source: "wording that programs give their own message, e.g. grafana's run.sh GF_PATHS_DATA",
    },
    {
      regex: '(?:permission denied|read-only file system)',
      weight: 6,
      unless: ELSEWHERE,
      source: 'glibc strerror(EACCES), strerror(EROFS)',
    },
    {
      regex: 'operation not permitted',
      weight: 5,
      unless: `${ELSEWHERE}|not permitted (?:on|for|in|while|when|after)`,
      source: 'glibc strerror(EPERM)',
    },
  ],
} satisfies Signature;
