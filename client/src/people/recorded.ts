/** What everybody is told while the workspace collects, before joining and ever after. */
export const recorded =
  'What is asked of the assistant here, what it proposes and what becomes of it is recorded with names and texts, so that the group can tune a model of its own.'
