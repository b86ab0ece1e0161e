const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent)

/** How keys are written on this machine. */
export const modKey = (key: string) => (isMac ? `⌘${key}` : `Ctrl ${key}`)
export const modShiftKey = (key: string) => (isMac ? `⇧⌘${key}` : `Ctrl Shift ${key}`)
export const modAltKey = (key: string) => (isMac ? `⌥⌘${key}` : `Ctrl Alt ${key}`)
export const altKey = (key: string) => (isMac ? `⌥${key}` : `Alt ${key}`)
export const altShiftKey = (key: string) => (isMac ? `⌥⇧${key}` : `Alt Shift ${key}`)
