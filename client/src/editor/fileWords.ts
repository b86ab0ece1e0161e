import { completeAnyWord, type CompletionSource } from '@codemirror/autocomplete'

/** Words of the file itself. Of no kind, so that one that its language offers too is listed once, as what it is. */
export const fileWords: CompletionSource = async (context) => {
  const found = await completeAnyWord(context)
  return found && { ...found, options: found.options.map(({ label }) => ({ label })) }
}
