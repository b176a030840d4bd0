/** Errors of the data room. Their names are what the workers' retry policy goes by: `DownloadFailed` alone is worth a second attempt. */

/** A data set is missing, unreadable, or holds nothing that can be used. */
export class InvalidData extends Error {
  override readonly name = 'InvalidData';
}

/** The data part of a specification asks for something the data cannot give. */
export class InvalidSpec extends Error {
  override readonly name = 'InvalidSpec';
}

/** A file could not be fetched for a reason that may pass: the network, or a fault of the server. */
export class DownloadFailed extends Error {
  override readonly name = 'DownloadFailed';
}
