"""Every error that the project raises on purpose, in one tree.

Raise deep, render once: `api/` makes problem documents of them (RFC 9457), `cli.py` one line.
This module knows nothing of HTTP beyond the status number, and imports nothing of the project.

    Doc2TweetError
    ├── RequestError                 the request itself is at fault
    │   ├── MalformedBody            400  not JSON, not UTF-8, no object
    │   ├── BodyTooLarge             413
    │   ├── UnsupportedMediaType     415  neither JSON nor a form
    │   ├── ValidationFailed         422  a field is missing, unknown or out of range
    │   ├── UnsupportedFeature       400  known elsewhere, not done here
    │   ├── PromptTooLong            400  prompt + max_tokens over the context
    │   ├── Unauthenticated          401
    │   ├── ModelNotFound            404
    │   ├── RouteNotFound            404
    │   ├── MethodNotAllowed         405
    │   └── RateLimited              429  x
    ├── ArticleError                 the page at the URL is at fault
    │   ├── UrlNotAllowed            422
    │   ├── ArticleUnreachable       502  x
    │   ├── ArticleTimeout           504  x
    │   ├── ArticleTooLarge          422
    │   ├── NotAnArticle             422
    │   ├── TooLittleText            422
    │   └── BlockedBySite            422
    ├── TweetError                   no candidate may be shown
    │   ├── Memorised                422
    │   ├── Ungrounded               422
    │   └── NoPostableTweet          422
    ├── EngineError                  the engine cannot answer now
    │   ├── EngineOverloaded         503  x
    │   ├── EngineDraining           503  x
    │   ├── DeadlineExceeded         504  x
    │   ├── RequestAborted           499
    │   └── EngineFault              500  x
    ├── DraftError                   a draft cannot be changed as asked
    │   ├── DraftNotFound            404
    │   ├── ChangeRefused            409  the draft's state, or the text's own rules, forbid it
    │   ├── DraftChanged             412  somebody else changed it first
    │   ├── VersionMissing           428  a change must say which version it was made from
    │   └── StoreUnavailable         503  x
    ├── PostingError                 X did not take a tweet
    │   ├── PostRefused              422  this text, for good
    │   │   └── PostDuplicate             the account posted it already
    │   ├── AccountRefused           403  this account: token expired, suspended, no right to write
    │   ├── PostingPaused            503  x  too many posts: wait as told
    │   └── PostUncertain            502  x  no answer that says whether the tweet is out
    └── SetupError                   the installation is at fault; ends the command, never a request
        ├── ConfigError
        ├── ModelNotBuilt
        ├── ModelDamaged
        ├── SourceUnavailable
        ├── TrainingDataError
        └── ExtraMissing             a part that this install leaves out is needed

(x: `retryable`, the same request may succeed later.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class Doc2TweetError(Exception):
    """Base of all. `detail` is safe to show to a stranger: no resolved address, no path, no stack.

    `status` and `retryable` have a default by class; a single error may carry its own, as when a
    site's own answer decides whether asking again can help.
    """

    type: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong"
    default_status: ClassVar[int] = 500
    default_retryable: ClassVar[bool] = False
    default_hint: ClassVar[str | None] = None

    def __init__(
        self,
        detail: str,
        *,
        status: int | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        hint: str | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = self.default_status if status is None else status
        self.retryable = self.default_retryable if retryable is None else retryable
        self.retry_after = retry_after
        """Seconds after which a retry is sensible, where known."""
        self.hint = self.default_hint if hint is None else hint
        self.extra: Mapping[str, object] = extra or {}
        """Further members of the problem document, JSON-serialisable."""


class RequestError(Doc2TweetError):
    type = "bad-request"
    title = "The request cannot be served"
    default_status = 400


class MalformedBody(RequestError):
    type = "malformed-body"
    title = "The body cannot be read"


class BodyTooLarge(RequestError):
    type = "body-too-large"
    title = "The body is too large"
    default_status = 413


class UnsupportedMediaType(RequestError):
    type = "unsupported-media-type"
    title = "The body is of an unknown kind"
    default_status = 415


class ValidationFailed(RequestError):
    """`errors` maps a field's dotted path to what is wrong with it."""

    type = "validation-failed"
    title = "The request has invalid fields"
    default_status = 422

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        detail = "; ".join(f"{field}: {' '.join(texts)}" for field, texts in errors.items())
        super().__init__(detail, extra={"errors": dict(errors)})
        self.errors = errors


class UnsupportedFeature(RequestError):
    type = "unsupported-feature"
    title = "This is not supported"


class PromptTooLong(RequestError):
    type = "prompt-too-long"
    title = "The prompt does not fit the model's context"

    def __init__(self, num_prompt_tokens: int, max_tokens: int, max_model_len: int) -> None:
        super().__init__(
            f"The prompt has {num_prompt_tokens} tokens and max_tokens is {max_tokens}; "
            f"together they may be at most {max_model_len}. Shorten one of them.",
            extra={
                "num_prompt_tokens": num_prompt_tokens,
                "max_tokens": max_tokens,
                "max_model_len": max_model_len,
            },
        )
        self.num_prompt_tokens = num_prompt_tokens


class Unauthenticated(RequestError):
    type = "unauthenticated"
    title = "A valid API key is needed"
    default_status = 401


class ModelNotFound(RequestError):
    type = "model-not-found"
    title = "There is no such model"
    default_status = 404

    def __init__(self, name: str, available: list[str]) -> None:
        super().__init__(
            f"There is no model {name!r} here; there are: {', '.join(available)}.",
            extra={"available": available},
        )


class RouteNotFound(RequestError):
    type = "not-found"
    title = "There is nothing at this path"
    default_status = 404


class MethodNotAllowed(RequestError):
    type = "method-not-allowed"
    title = "This path knows other methods"
    default_status = 405


class RateLimited(RequestError):
    type = "rate-limited"
    title = "Too many requests"
    default_status = 429
    default_retryable = True


class ArticleError(Doc2TweetError):
    type = "article-error"
    title = "The article cannot be used"
    default_status = 422
    default_hint = "Send the article's `title` and `text` in place of `url`."


class UrlNotAllowed(ArticleError):
    type = "url-not-allowed"
    title = "This URL may not be fetched"


class ArticleUnreachable(ArticleError):
    type = "article-unreachable"
    title = "The article cannot be reached"
    default_status = 502
    default_retryable = True


class ArticleTimeout(ArticleError):
    type = "article-timeout"
    title = "The article did not arrive in time"
    default_status = 504
    default_retryable = True


class ArticleTooLarge(ArticleError):
    type = "article-too-large"
    title = "The page is too large"


class NotAnArticle(ArticleError):
    type = "not-an-article"
    title = "There is no article at this URL"


class TooLittleText(ArticleError):
    type = "too-little-text"
    title = "The page holds too little text"


class BlockedBySite(ArticleError):
    type = "blocked-by-site"
    title = "The site does not let this service read the page"


class TweetError(Doc2TweetError):
    type = "tweet-error"
    title = "No tweet can be made"
    default_status = 422


class Memorised(TweetError):
    type = "memorised"
    title = "The model only repeats tweets it was trained on"


class Ungrounded(TweetError):
    type = "ungrounded"
    title = "Every candidate says things that the article does not"


class NoPostableTweet(TweetError):
    type = "no-postable-tweet"
    title = "No candidate can be posted"


class EngineError(Doc2TweetError):
    type = "engine-error"
    title = "The model cannot answer"


class EngineOverloaded(EngineError):
    type = "overloaded"
    title = "All places are taken"
    default_status = 503
    default_retryable = True


class EngineDraining(EngineError):
    type = "draining"
    title = "The service is shutting down"
    default_status = 503
    default_retryable = True


class DeadlineExceeded(EngineError):
    type = "deadline-exceeded"
    title = "The answer did not come in time"
    default_status = 504
    default_retryable = True


class RequestAborted(EngineError):
    """The client left. Nobody reads this; 499 (nginx) is for the log."""

    type = "client-closed-request"
    title = "The client went away"
    default_status = 499


class EngineFault(EngineError):
    type = "engine-fault"
    title = "The model failed on this request"
    default_retryable = True


class DraftError(Doc2TweetError):
    type = "draft-error"
    title = "The draft cannot be changed"
    default_status = 409


class DraftNotFound(DraftError):
    type = "draft-not-found"
    title = "There is no such draft"
    default_status = 404


class ChangeRefused(DraftError):
    type = "change-refused"
    title = "This cannot be done to the draft"


class DraftChanged(DraftError):
    type = "draft-changed"
    title = "Somebody else changed the draft"
    default_status = 412
    default_hint = "Read the draft again and repeat the change on what you find."


class VersionMissing(DraftError):
    type = "version-missing"
    title = "The change does not say which version it was made from"
    default_status = 428
    default_hint = "Send the draft's ETag as `If-Match`."


class StoreUnavailable(DraftError):
    type = "store-unavailable"
    title = "The drafts cannot be reached"
    default_status = 503
    default_retryable = True


class PostingError(Doc2TweetError):
    type = "posting-error"
    title = "The tweet was not posted"
    default_status = 502


class PostRefused(PostingError):
    type = "post-refused"
    title = "X refuses this tweet"
    default_status = 422


class PostDuplicate(PostRefused):
    type = "post-duplicate"
    title = "The account posted this tweet already"


class AccountRefused(PostingError):
    type = "account-refused"
    title = "X refuses this account"
    default_status = 403


class PostingPaused(PostingError):
    type = "posting-paused"
    title = "X asks to wait"
    default_status = 503
    default_retryable = True


class PostUncertain(PostingError):
    """The tweet may be out or not; whoever catches this must look before posting again."""

    type = "post-uncertain"
    title = "X did not say whether the tweet is out"
    default_retryable = True


class SetupError(Doc2TweetError):
    """Ends a command with exit code 1 and one line on stderr; `detail` may name paths."""

    type = "setup-error"
    title = "The installation needs attention"


class ConfigError(SetupError):
    type = "config-error"


class ModelNotBuilt(SetupError):
    type = "model-not-built"


class ModelDamaged(SetupError):
    type = "model-damaged"


class SourceUnavailable(SetupError):
    """No source of a model's weights could be reached; `detail` lists each with its reason."""

    type = "source-unavailable"


class TrainingDataError(SetupError):
    """What was given to train on cannot be used; `detail` says what to change."""

    type = "training-data"


class ExtraMissing(SetupError):
    """`detail` is the whole remedy: which `pip install` brings what is missing."""

    type = "extra-missing"

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs a part of its own: pip install 'doc2tweet[{extra}]'")


class TrainingDiverged(SetupError):
    """The loss is no longer a number; the checkpoints before it are kept."""

    type = "training-diverged"
