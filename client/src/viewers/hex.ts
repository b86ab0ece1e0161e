/** Bytes of a file that are shown of one that nothing here can show. */
export const shownBytes = 256
const perLine = 16

const isPrintable = (byte: number) => byte >= 0x20 && byte < 0x7f

/** Bytes as people look at them: where they are, what they are, and as letters where they are some. */
export function hexLines(bytes: Uint8Array): string[] {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += perLine) {
    const line = [...bytes.subarray(at, at + perLine)]
    const hex = line.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const letters = line.map((byte) => (isPrintable(byte) ? String.fromCharCode(byte) : '·')).join('')
    lines.push(`${at.toString(16).padStart(4, '0')}  ${hex.padEnd(perLine * 3 - 1)}  ${letters}`)
  }
  return lines
}

/** The beginning of a file, without the rest of it. */
export async function firstBytes(url: string, signal: AbortSignal): Promise<Uint8Array> {
  const answer = await fetch(url, { headers: { Range: `bytes=0-${shownBytes - 1}` }, signal })
  if (!answer.ok || answer.body === null) throw new Error(`It was not sent (${answer.status})`)
  const reader = answer.body.getReader()
  const bytes = new Uint8Array(shownBytes)
  let filled = 0
  while (filled < shownBytes) {
    const { done, value } = await reader.read()
    if (done) break
    const piece = value.subarray(0, shownBytes - filled)
    bytes.set(piece, filled)
    filled += piece.length
  }
  void reader.cancel()
  return bytes.subarray(0, filled)
}
