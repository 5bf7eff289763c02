"""Has LiteLLM send one request for each case of Bedrock and Vertex AI, and prints what went wrong.

Standard input is a list of cases: {"route", "model", "params", "request"}; request is the
JSON of the client's request.
"""
import asyncio
import json
import os
import sys

import litellm

litellm.suppress_debug_info = True
failures = {}
for number, case in enumerate(json.load(sys.stdin)):
    args = {"model": case["model"], "timeout": 20, "num_retries": 0, "max_retries": 0, **case["params"],
            **json.loads(case["request"])}
    try:
        if case["route"] == "messages":
            del args["num_retries"], args["max_retries"]
            asyncio.run(litellm.anthropic.messages.acreate(**args))
        else:
            reply = litellm.completion(**args)
            if args.get("stream"):
                list(reply)  # some providers are asked when the first piece is wanted
    except BaseException as e:  # the double answers with an error
        failures[number] = f"{type(e).__name__}: {e}"[:300]
print(json.dumps(failures), flush=True)
os._exit(0)  # threads of loggers may linger
