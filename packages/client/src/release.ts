/** The version of this package. Written when a version is made; a test compares it with the manifest. */
export const RELEASE = '0.1.0';
