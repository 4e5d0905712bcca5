export { type TestCertificate, makeCertificate } from "./certificate.ts";
export { startNginxDav } from "./nginx-dav.ts";
export { type ProvidedServer, provideServers, startServer } from "./provide.ts";
export { type RadosgwOptions, startRadosgw } from "./radosgw.ts";
export { startSwift } from "./swift.ts";
export { type ForwardProxy, type ForwardProxyOptions, startTinyproxy } from "./tinyproxy.ts";
export {
  SERVER_NAMES,
  type ServerAccess,
  type ServerName,
  type TestServer,
} from "./test-server.ts";
