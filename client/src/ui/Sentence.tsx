/** A sentence of the server, in which `names` of things stand between backticks. */
export function Sentence({ text }: { text: string }) {
  const parts = text.split('`')
  // An odd one has no partner, and is a letter like any other.
  if (parts.length % 2 === 0) return text
  return parts.map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))
}
