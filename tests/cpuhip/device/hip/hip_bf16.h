#pragma once  // bfloat16 is not there
