/**
 * Failures whose messages and stack traces go to Temporal as payloads, and so are encrypted. Their types stay readable: retries go by them.
 *
 * The SDK loads it by `require`, here and in the bundle of the workflows.
 */
const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
