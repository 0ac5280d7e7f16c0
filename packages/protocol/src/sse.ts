/**
 * Event-stream text, both ends in one file (WHATWG HTML, section 9.2). One
 * message is one block with one `data` line: JSON has no raw line break.
 */

/** One message as an event-stream block. */
export function printBlock(data: string): string {
  return `data: ${data}\n\n`;
}

/** A comment block: ignored by every reader, but bytes to whatever buffers on the way. */
export function printComment(text: string): string {
  return `: ${text}\n\n`;
}

/**
 * A reader that survives any cut: call it with each piece of text, and it hands
 * on the data of every block that is complete. LF, CR and CRLF end a line, also
 * when a cut falls between CR and LF; a block that the end of the stream cuts
 * off is dropped, as the standard says.
 */
export function blockReader(onData: (data: string) => void): (piece: string) => void {
  let rest = '';
  let data: string[] = [];
  let afterCarriageReturn = false;
  let first = true;

  const line = (text: string): void => {
    if (text === '') {
      if (data.length > 0) onData(data.join('\n'));
      data = [];
      return;
    }
    const colon = text.indexOf(':');
    const field = colon < 0 ? text : text.slice(0, colon);
    if (field !== 'data') return;
    const value = colon < 0 ? '' : text.slice(colon + 1);
    data.push(value.startsWith(' ') ? value.slice(1) : value);
  };

  return (piece) => {
    if (first && piece !== '') {
      first = false;
      if (piece.startsWith('\uFEFF')) piece = piece.slice(1);
    }
    if (afterCarriageReturn && piece !== '') {
      afterCarriageReturn = false;
      if (piece.startsWith('\n')) piece = piece.slice(1);
    }
    // Only the piece is searched. To search the open line with it would copy the line for every piece.
    let start = 0;
    for (let end = nextBreak(piece, 0); end >= 0; end = nextBreak(piece, start)) {
      line(rest + piece.slice(start, end));
      rest = '';
      start = end + 1;
      if (piece[end] === '\r') {
        if (start === piece.length) afterCarriageReturn = true;
        else if (piece[start] === '\n') start++;
      }
    }
    rest += piece.slice(start);
  };
}

function nextBreak(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 10 || code === 13) return at;
  }
  return -1;
}
