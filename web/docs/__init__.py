"""The API's reference: the OpenAPI document, its pages, and every problem with its remedy."""
