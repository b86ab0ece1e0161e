// Begins with a key, or what follows a line across the page would be taken for it.
const between = /^---[ \t]*\n(?=["']?[\w-]+["']?:)(?:.*\n){1,200}?(?:---|\.\.\.)[ \t]*(?:\n|$)/

/** The text with empty lines in place of its YAML front matter: all other lines keep their numbers. */
export function withoutFrontMatter(text: string): string {
  const [matter = ''] = between.exec(text) ?? []
  return matter.replace(/[^\n]+/g, '') + text.slice(matter.length)
}
