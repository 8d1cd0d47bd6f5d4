"""The pages: what people see in a browser, a folder of templates and a router over the same use cases as the API."""
