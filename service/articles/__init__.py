"""From a URL to an article: fetch safely, extract in a child process."""

from service.articles.article import Article, FetchedPage
from service.articles.reader import ArticleReader, ReadArticle, ReaderStats

__all__ = ["Article", "ArticleReader", "FetchedPage", "ReadArticle", "ReaderStats"]
