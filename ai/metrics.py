"""What the assistant counts, in the process's Prometheus registry."""

from prometheus_client import Counter, Gauge, Histogram

JOBS = Counter("scriptorium_jobs", "Jobs that ended", ["kind", "state"])
RETRIES = Counter("scriptorium_job_retries", "Attempts at jobs that a model or a worker made necessary", ["kind"])
RUNNING = Gauge("scriptorium_jobs_running", "Jobs that this process works on")
QUEUED_SECONDS = Histogram("scriptorium_job_queued_seconds", "From the request to a worker taking it", ["kind"])
FIRST_TOKEN_SECONDS = Histogram(
    "scriptorium_first_token_seconds",
    "From a worker taking a job to the first text of the model",
    ["kind", "model"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32),
)
TOKENS = Counter("scriptorium_tokens", "Tokens as the endpoint counts them", ["kind", "model", "direction"])
DECISIONS = Counter("scriptorium_decisions", "Decisions on hunks", ["decision"])
ANSWERS = Counter(
    "scriptorium_answers",
    "Answers of models to edits, by the form they came in and what was understood: understood, repaired, partly, not",
    ["model", "form", "outcome"],
)
COMPLETIONS = Counter("scriptorium_completions", "Completions by what became of them", ["decision"])
