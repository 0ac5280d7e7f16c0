export const serveIskra = async (): Promise<number> => {
  throw new Error('the Iskra server is not there yet');
};
