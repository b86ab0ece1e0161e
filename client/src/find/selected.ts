/** What is selected where one types or reads, if it may be searched for. */
export function selected(): string {
  const text = getSelection()?.toString() ?? ''
  const inText = (document.activeElement?.closest('.cm-content') ?? null) !== null
  return inText && text.length <= 200 && !text.includes('\n') ? text : ''
}
