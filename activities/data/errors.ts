/** Errors of the data room. Their names are what the workers' retry policy goes by: neither is worth a second attempt. */

/** A data set is missing, unreadable, or holds nothing that can be used. */
export class InvalidData extends Error {
  override readonly name = 'InvalidData';
}

/** The data part of a specification asks for something the data cannot give. */
export class InvalidSpec extends Error {
  override readonly name = 'InvalidSpec';
}
