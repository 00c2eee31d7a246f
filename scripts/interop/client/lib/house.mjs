// What client_test.go says about this run: where the server and the client are, and the clients' credentials.
const run = JSON.parse(process.env.INTEROP ?? 'null');
if (run === null) throw new Error('INTEROP is not set: run make interop');

export const app = run.app;
export const appPort = run.appPort;
export const secret = run.secret;
export const password = run.password;
export const keys = run.keys;
export const callback = `${app}/callback`;
export const bye = `${app}/bye`;
export const notes = 'https://notes.example/';
export const other = 'https://other.example/';

export const issuerOf = (workspace) => `${run.base}/interop/${workspace}`;
export const baseline = issuerOf('baseline');
export const steady = issuerOf('steady');
export const fapi2 = issuerOf('fapi2');
export const opaque = issuerOf('opaque');
export const brief = issuerOf('brief');
export const certificates = run.certificates;
export const onTLS = (address) => String(address).replace(run.base, run.tlsBase);
export const canaryFile = run.canaries;
