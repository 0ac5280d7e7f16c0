/**
 * Event-stream text, both ends in one file (WHATWG HTML, section 9.2). One
 * message is one block with one `data` line: JSON has no raw line break.
 */

/** One message as an event-stream block. */
export function printBlock(data: string): string {
  return `data: ${data}\n\n`;
}

/**
 * A reader that survives any cut: call it with each piece of decoded text (a byte
 * order mark is the decoder's business), and it hands
 * on the data of every block that is complete. LF, CR and CRLF end a line, also
 * when a cut falls between CR and LF; a block that the end of the stream cuts
 * off is dropped, as the standard says.
 */
export function blockReader(onData: (data: string) => void): (piece: string) => void {
  /** The line that is open. Added to and never searched, so a long one costs no more for many pieces. */
  let rest = '';
  let data: string[] = [];
  /** The last character that came; empty at the start of the stream. */
  let last = '';

  const line = (text: string): void => {
    const value = /^data(?:: ?|$)(.*)/s.exec(text)?.[1];
    if (value !== undefined) data.push(value);
    if (text !== '' || data.length === 0) return;
    onData(data.join('\n'));
    data = [];
  };

  return (piece) => {
    // The second half of a line break is no other one.
    const lines = (last === '\r' ? piece.replace(/^\n/, '') : piece).split(/\r\n?|\n/);
    last = piece.at(-1) ?? last;
    lines[0] = rest + lines[0]!;
    rest = lines.pop()!;
    lines.forEach(line);
  };
}
