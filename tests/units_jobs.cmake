# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
lynceus_test(job_runner LINKS lynceus_jobs)
lynceus_test(inspection_pipeline LINKS lynceus_jobs)
lynceus_test(inspection_recorder LINKS lynceus_jobs)
lynceus_test(inspection_service LINKS lynceus_jobs)
lynceus_test(evaluation LINKS lynceus_jobs)
lynceus_test(model_verdict LINKS lynceus_jobs)
lynceus_test(folder_fit LINKS lynceus_jobs)
if(LYNCEUS_TORCH)
  lynceus_test(training_job LINKS lynceus_jobs)
endif()
