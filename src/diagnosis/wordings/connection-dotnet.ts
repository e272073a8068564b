import { type ConnectionWording, HOST } from './connection.ts';

/** HTTP client of .NET. */
export const dotnetConnections: readonly ConnectionWording[] = [
  {
    regex: String.raw`(?:HttpRequestException|SocketException)\b.{0,60}(?:Connection refused|Name or service not known|Resource temporarily unavailable|Connection timed out|No route to host|Name does not resolve)(?: \(${HOST}:(\d+)\))?`,
    how: 'failed',
    host: 1,
    port: 2,
    http: true,
    weight: 8,
    language: 'dotnet',
    source: 'dotnet/runtime System.Net.Http ConnectHelper.cs',
  },
  {
    regex: String.raw`configured HttpClient\.Timeout of [\d.]+ seconds elaps`,
    how: 'timed out',
    http: true,
    weight: 8,
    language: 'dotnet',
    source: 'dotnet/runtime System.Net.Http Strings.resx net_http_request_timedout',
  },
];
