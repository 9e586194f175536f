// @hey-api/openapi-ts: what its command line cannot say.
export default {
  input: "openapi.json",
  // Node resolves imports by their whole names.
  output: { path: "hey-api", importFileExtension: ".js" },
};
