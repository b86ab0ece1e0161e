import katex, { ParseError } from 'katex'

/** TeX that nobody needs to trust: it may name no address and no style, and neither its macros nor its sizes run away. */
const bounds = { trust: false, maxExpand: 500, maxSize: 20, strict: 'ignore', output: 'htmlAndMathml' } as const

/** A formula as HTML; throws a sentence about what is wrong with it. */
export function texToHtml(source: string, isDisplayed: boolean): string {
  try {
    // Macros are its own: what one formula defines holds for no other, and none depends on the order of drawing.
    return katex.renderToString(source, { ...bounds, displayMode: isDisplayed, throwOnError: true, macros: {} })
  } catch (error) {
    throw new Error(error instanceof ParseError ? error.rawMessage : 'This formula cannot be shown', { cause: error })
  }
}
